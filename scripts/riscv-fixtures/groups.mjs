// All groups by name; each entry builds its Program anew.
import { rv64a } from './groups-amo.mjs';
import { rv64c } from './groups-compressed.mjs';
import { rv64d, rv64dConvert, rv64dFused, rv64f, rv64fConvert, rv64fFused } from './groups-float.mjs';
import { rv64i, rv64iMemory, rv64m, rv64zb } from './groups-int.mjs';
import { compressedSweep, floatSweep, integerSweep } from './groups-sweep.mjs';

const BUILDERS = [
  rv64i, rv64iMemory, rv64m, rv64zb, rv64a, rv64c, rv64f, rv64d, rv64fFused, rv64dFused, rv64fConvert, rv64dConvert,
  compressedSweep, integerSweep, floatSweep,
];

export const GROUPS = Object.fromEntries(BUILDERS.map((build) => [build().group, build]));
