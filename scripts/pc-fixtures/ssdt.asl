// What src/machine/acpi/pc-dsdt.ts builds for a machine with two processors, for iasl.
DefinitionBlock ("", "SSDT", 2, "SNOWGL", "SNOWGLPC", 1)
{
    Scope (\_SB)
    {
        Device (C000)
        {
            Name (_HID, "ACPI0007")
            Name (_UID, Zero)
        }
        Device (C001)
        {
            Name (_HID, "ACPI0007")
            Name (_UID, One)
        }
    }
}
