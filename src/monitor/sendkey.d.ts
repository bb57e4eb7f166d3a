/** QEMU's names of keys (QKeyCode), as `sendkey` takes them. */
/** `ctrl-alt-delete` as places of keys; a name that is none as it was written. */
export declare function qkeyCodes(text: string): string[] | string;
