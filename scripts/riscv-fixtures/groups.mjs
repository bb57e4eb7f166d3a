// All groups by name; each entry builds its Program anew.
import { rv64a } from './groups-amo.mjs';
import { rv64c } from './groups-compressed.mjs';
import { rv64d, rv64dConvert, rv64dFused, rv64f, rv64fConvert, rv64fFused } from './groups-float.mjs';
import { rv64i, rv64iMemory, rv64m, rv64zb } from './groups-int.mjs';
import { compressedSweep, floatSweep, integerSweep } from './groups-sweep.mjs';

import { csr } from './groups-csr.mjs';
import { traps } from './groups-trap.mjs';
import { mmuSv39, mmuSv48, mmuSv57 } from './groups-mmu.mjs';
import { interrupts } from './groups-interrupt.mjs';
import { pmp } from './groups-pmp.mjs';
import { randomInterrupts, randomPrograms, randomTraps } from './groups-random.mjs';
import { selfModifying } from './groups-smc.mjs';
import { zicbo } from './groups-zicbo.mjs';

const BUILDERS = [
  rv64i,
  rv64iMemory,
  rv64m,
  rv64zb,
  rv64a,
  rv64c,
  rv64f,
  rv64d,
  rv64fFused,
  rv64dFused,
  rv64fConvert,
  rv64dConvert,
  compressedSweep,
  integerSweep,
  floatSweep,
  csr,
  traps,
  mmuSv39,
  mmuSv48,
  mmuSv57,
  pmp,
  interrupts,
  selfModifying,
  zicbo,
  randomPrograms,
  randomTraps,
  randomInterrupts,
];

export const GROUPS = Object.fromEntries(BUILDERS.map((build) => [build().group, build]));
