// Page permissions: every combination of P, R/W, U/S and NX at both levels, read, written and executed at CPL 0 and 3, with WP, SMEP and SMAP, and
// the accessed and dirty bits that are left.
import { log, PAGES, ProtectionProgram, SEL, STACK3 } from './protection.mjs';

const [P, RW, US, PS] = [1, 2, 4, 0x80];
const NX = 0x8000_0000;
/** The page under test and the physical page behind it, whose bytes at TARGET_OFFSET are INT 30h. */
const PAGE = 0x0080_0000;
const PHYSICAL = 0x0034_0000;
const TARGET_OFFSET = 0x100;
/** Where user code sees the program. */
const ALIAS = 0x00c0_0000 - 0x0020_0000;
const CR0 = 0x33;
const [WP, PG] = [0x10000, 0x80000000];
const CR4 = 0x600;
const [PSE, PAE, SMEP, SMAP] = [0x10, 0x20, 0x100000, 0x200000];
const AC = 0x40000;

const NOTE =
  'qemu-system-x86_64 7.2, -cpu max. Error codes of reserved bits come from the manual, which has P set with them (SDM 3, 4.7). What reads and ' +
  'writes is reported as QEMU does it, as a read first.';

const hex = (value) => `0x${(value >>> 0).toString(16)}`;
const letters = (flags) => `${flags & P ? 'P' : '-'}${flags & RW ? 'W' : '-'}${flags & US ? 'U' : '-'}`;

/** [title, code]: EAX is the address. */
const DATA = [
  ['read', 'mov ecx, [eax]'],
  ['write', 'mov [eax], ecx'],
  ['update', 'lock xadd [eax], ecx'],
];
const EXECUTE = ['execute', `add eax, ${TARGET_OFFSET}\njmp eax`];

function paged(group, pae) {
  const program = new ProtectionProgram(group, NOTE);
  const [directory, table] = pae ? [PAGES + 0x5000, PAGES + 0x6000] : [PAGES, PAGES + 0x2000];
  const pde = directory + (pae ? (PAGE >>> 21) * 8 : (PAGE >>> 22) * 4);
  const set = (address, low, high = 0) =>
    `mov dword ptr [${address}], ${hex(low)}${pae ? `\nmov dword ptr [${address + 4}], ${hex(high)}` : ''}`;
  const control = CR4 | (pae ? PAE : 0) | PSE;
  program.setup.push(`mov word ptr [${PHYSICAL + TARGET_OFFSET}], 0x30cd`);
  if (pae) {
    program.setup.push(
      set(PAGES + 0x4000, directory | P),
      ...[0, 1, 8].map((n) => set(directory + n * 8, (n << 21) | PS | RW | P)),
      set(directory + 6 * 8, 0x200000 | PS | US | P),
      'mov ecx, 0xc0000080\nrdmsr\nor eax, 0x800\nwrmsr',
    );
  } else {
    program.setup.push(
      ...[0, 4].map((n) => set(directory + n * 4, (n << 22) | PS | RW | P)),
      set(directory + 3 * 4, PS | US | P),
    );
  }
  // In tables of 4 MiB pages the alias begins at physical 0.
  const alias = pae ? ALIAS : ALIAS + 0x200000;
  program.setup.push(
    `mov eax, ${pae ? PAGES + 0x4000 : PAGES}\nmov cr3, eax\nmov eax, ${hex(control)}\nmov cr4, eax\nmov eax, ${hex(CR0 | PG)}\nmov cr0, eax`,
  );
  let count = 0;
  /** One access. `upper` and `lower` are flags of the PDE and of the PTE; a high word of the entries goes with PAE. */
  const access = (
    title,
    [kind, code],
    { user = false, cr0 = 0, cr4 = 0, ac = 0, upper, lower, high = [0, 0], manual },
  ) => {
    const tables = `${set(pde, table, 0)}\nor dword ptr [${pde}], ${hex(upper)}${pae ? `\nor dword ptr [${pde + 4}], ${hex(high[0])}` : ''}\n${set(table, PHYSICAL | lower, high[1])}`;
    const begin = [
      tables,
      'mov eax, cr3\nmov cr3, eax',
      `mov eax, ${hex(control | cr4)}\nmov cr4, eax`,
      `mov eax, ${hex(CR0 | PG | cr0)}\nmov cr0, eax`,
    ].join('\n');
    const at = `mov eax, ${PAGE}\nxor ecx, ecx`;
    const name = `${kind} at level ${user ? 3 : 0}: ${title}`;
    if (user) {
      const id = `paged_${count}`;
      program.case(
        name,
        `${begin}\npush ${SEL.data3}\npush ${STACK3}\npush 2\npush ${SEL.code3}\nmov eax, offset ${id}\nadd eax, ${alias}\npush eax\nmov eax, ${SEL.data3}\nmov ds, eax\niretd\n${id}:\n${at}\n${code}\nint 0x30`,
        manual,
      );
    } else
      program.case(name, `${begin}\n${ac ? `push ${ac | 2}\npopfd\n` : ''}${at}\n${code}\n${log(1)}`, manual);
    count += 1;
    // Whether a walk that ends in a fault has set the accessed bit of the upper level is the processor's affair.
    program.emit(
      `mov eax, ${hex(control)}\nmov cr4, eax\nmov eax, ${hex(CR0 | PG)}\nmov cr0, eax\nmov eax, [${table}]`,
      log('eax'),
    );
  };
  const levels = [0, 1, 2, 3, 4, 5, 6, 7];
  for (const upper of levels) {
    for (const lower of levels) {
      // One combination stands for all of an entry that is not present.
      if ((!(upper & P) && upper !== 6) || (!(lower & P) && lower !== 6) || (!(upper & P) && lower !== 7))
        continue;
      const title = `${letters(upper)} ${letters(lower)}`;
      for (const kind of [...DATA, EXECUTE]) {
        access(title, kind, { upper, lower });
        access(title, kind, { upper, lower, user: true });
      }
      for (const kind of DATA.slice(1)) access(`${title}, WP`, kind, { upper, lower, cr0: WP });
      access(`${title}, SMEP`, EXECUTE, { upper, lower, cr4: SMEP });
      for (const kind of DATA) {
        access(`${title}, SMAP`, kind, { upper, lower, cr4: SMAP });
        access(`${title}, SMAP with AC`, kind, { upper, lower, cr4: SMAP, ac: AC });
      }
      access(`${title}, SMAP`, EXECUTE, { upper, lower, cr4: SMAP });
      if (pae)
        for (const high of [
          [NX, 0],
          [0, NX],
        ])
          for (const kind of [DATA[0], EXECUTE]) {
            access(`${title}, NX at level ${high[0] ? 2 : 1}`, kind, { upper, lower, high });
            access(`${title}, NX at level ${high[0] ? 2 : 1}`, kind, { upper, lower, high, user: true });
          }
    }
  }
  if (pae)
    for (const [title, high] of [
      ['reserved bit of the PTE', [0, 0x00100000]],
      ['reserved bit of the PDE', [0x00100000, 0]],
    ])
      for (const kind of [...DATA, EXECUTE])
        for (const user of [false, true]) {
          const error = 9 | (kind[0] === 'write' ? 2 : 0) | (user ? 4 : 0) | (kind[0] === 'execute' ? 16 : 0);
          access(title, kind, { upper: 7, lower: 7, high, user, manual: [0xec00000e, error] });
        }
  return program;
}

export const paging32 = () => paged('protection-paging', false);
export const pagingPae = () => paged('protection-pae', true);
