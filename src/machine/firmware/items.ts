/** Numbers of fw_cfg's items that firmware and its option ROMs read (QEMU, include/standard-headers/linux/qemu_fw_cfg.h). */
export const FW_CFG_LINUX = {
  kernelAddress: 0x07,
  kernelSize: 0x08,
  initrdAddress: 0x0a,
  initrdSize: 0x0b,
  kernelData: 0x11,
  initrdData: 0x12,
  commandLineAddress: 0x13,
  commandLineSize: 0x14,
  commandLineData: 0x15,
  setupAddress: 0x16,
  setupSize: 0x17,
  setupData: 0x18,
} as const;
