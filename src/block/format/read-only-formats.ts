/** Formats of other programs, whose images are opened only to be read. */
import { openVdi } from './vdi-node.ts';
import { openVhd } from './vhd-node.ts';
import { openVmdk } from './vmdk-node.ts';

/** What opens an image of each format. */
export const READ_ONLY_FORMATS = { vmdk: openVmdk, vdi: openVdi, vpc: openVhd };
