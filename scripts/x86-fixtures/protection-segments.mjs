// Protection of the 386: segment loads, limits, privilege, gates, tasks and virtual-8086 mode.
import { CONTROL, RESUME } from './layout.mjs';
import { DATA, descriptor, GDT, gate, LDT, log, SEL, ProtectionProgram, TSS, TSS2 } from './protection.mjs';

const NOTE =
  'qemu-system-x86_64 7.2, -cpu max. TCG checks no segment limit, no null selector and no type at an access: there the manual decides.';
const [GP, SS] = [0xec00000d, 0xec00000c];
/** What an access logs that the manual lets fault: nothing that differs from QEMU if it does not. */
const unless = (allowed, vector) => (allowed ? undefined : [vector, 0]);
const memory = (address, code) => `mov eax, ${address}\n${code}`;
const hex = (value) => `0x${value.toString(16)}`;

/** Descriptors of all kinds, from selector 0x40 on: [name, descriptor]. */
const KINDS = [
  ['read-only data', descriptor(DATA, 0xff, 0x90, 4)],
  ['data of 256 bytes', descriptor(DATA, 0xff, 0x92, 4)],
  ['expand-down data, 32 bits', descriptor(DATA, 0xff, 0x96, 4)],
  ['expand-down data, 16 bits', descriptor(DATA, 0xff, 0x96, 0)],
  ['execute-only code', descriptor(0, 0xfffff, 0x98)],
  ['readable code', descriptor(0, 0xfffff, 0x9a)],
  ['conforming code', descriptor(0, 0xfffff, 0x9e)],
  ['data that is not present', descriptor(DATA, 0xff, 0x12, 4)],
  ['code that is not present', descriptor(0, 0xfffff, 0x1a)],
  ['data of level 3', descriptor(DATA, 0xfff, 0xf2, 4)],
  ['code of level 3', descriptor(0, 0xfffff, 0xfa)],
  ['data of level 1', descriptor(DATA, 0xfff, 0xb2, 4)],
  ['TSS', descriptor(TSS2, 0x67, 0x89, 0)],
  ['busy TSS', descriptor(TSS2, 0x67, 0x8b, 0)],
  ['LDT', descriptor(LDT, 0xff, 0x82, 0)],
  ['LDT that is not present', descriptor(LDT, 0xff, 0x02, 0)],
  ['call gate', [0x0008_1234, 0x0000_8c00]],
  ['reserved type 0', descriptor(0, 0xff, 0x80, 0)],
  ['reserved type 8', descriptor(0, 0xff, 0x88, 0)],
  ['reserved type 13', descriptor(0, 0xff, 0x8d, 0)],
  ['interrupt gate', [0x0008_1234, 0x0000_8e00]],
  ['data of 64 KiB pages', descriptor(DATA, 0, 0x92, 0xc)],
];
const FIRST = 0x40;
const OUTSIDE = 0x200;
const LAST_IN_LDT = FIRST + KINDS.length * 8;

function withKinds(group) {
  const program = new ProtectionProgram(group, NOTE);
  KINDS.forEach(([, words], i) => {
    program.gdt.set(FIRST + i * 8, words);
  });
  program.gdt.set(LAST_IN_LDT, descriptor(DATA, 0xffff, 0x92, 4));
  const at = GDT + FIRST + KINDS.findIndex(([name]) => name === 'call gate') * 8;
  program.setup.push('mov eax, offset gate_target', `mov [${at}], ax`, 'shr eax, 16', `mov [${at + 6}], ax`);
  program.data.push(`gate_target: mov ebx, cs\n${log('ebx')}\njmp dword ptr [${RESUME}]`);
  program.kinds = KINDS.map(([name], i) => [name, FIRST + i * 8]);
  program.sel = (name) => FIRST + KINDS.findIndex(([n]) => n === name) * 8;
  return program;
}

export function segments() {
  const program = withKinds('segments');
  const selectors = [
    ['null', 0],
    ['null with RPL 3', 3],
    ['outside the GDT', OUTSIDE],
    ['no LDT', 4],
    ...program.kinds,
    ...program.kinds.map(([n, s]) => [`${n}, RPL 3`, s | 3]),
  ];
  for (const [name, selector] of selectors) {
    for (const register of ['es', 'ss', 'fs'])
      program.case(
        `mov ${register}: ${name}`,
        `mov eax, ${selector}\nmov ${register}, ax\nmov ebx, ${register}\nmov eax, ${SEL.data}\nmov ss, eax\n${log('ebx')}`,
      );
    for (const op of ['lar', 'lsl', 'verr', 'verw'])
      program.case(
        `${op}: ${name}`,
        `mov ecx, ${selector}\nmov eax, 0x5555aaaa\n${op} ${/ver/.test(op) ? 'cx' : 'eax, ecx'}\npushfd\npop ebx\nand ebx, 0x40\n${log('eax')}\n${log('ebx')}`,
      );
    program.case(
      `lldt: ${name}`,
      `mov eax, ${selector}\nlldt ax\nsldt eax\n${log('eax')}\nxor eax, eax\nlldt ax`,
    );
    // QEMU 7.2 lets LTR load a null selector.
    if (!/TSS|null/.test(name)) program.case(`ltr: ${name}`, `mov eax, ${selector}\nltr ax`);
    // Tasks are switched elsewhere.
    if (!/^TSS/.test(name))
      program.case(
        `jmp far: ${name}`,
        `.byte 0xea\n.long 1f\n.word ${selector}\n1: mov ebx, cs\n${log('ebx')}\n.byte 0xea\n.long 2f\n.word 8\n2:`,
      );
    program.case(
      `retf: ${name}`,
      `push ${selector}\npush offset 1f\nretf\n1: mov ebx, cs\n${log('ebx')}\n.byte 0xea\n.long 2f\n.word 8\n2:`,
    );
    program.user(
      `mov ds at level 3: ${name}`,
      `mov eax, ${selector}\nmov ds, eax\nmov ebx, ds\nmov eax, ${SEL.data3}\nmov ds, eax\n${log('ebx')}`,
    );
    program.user(
      `jmp far at level 3: ${name}`,
      `.byte 0xea\n.long 1f\n.word ${selector}\n1: mov ebx, cs\n${log('ebx')}`,
    );
    program.user(
      `lar and lsl at level 3: ${name}`,
      `mov ecx, ${selector}\nxor eax, eax\nlar eax, ecx\nlsl edx, ecx\npushfd\npop ebx\nand ebx, 0x40\n${log('eax')}\n${log('ebx')}`,
    );
  }
  // Accesses at both ends of the limit, of all sizes.
  for (const [name, first, last, lasts] of [
    [
      'data of 256 bytes',
      0x0,
      0xff,
      [0x0, 0xff, 0x100, 0xfe, 0xfd, 0xfc, 0xf8, 0xf0, 0xffffffff, 0xfffffffd],
    ],
    [
      'expand-down data, 32 bits',
      0x100,
      0xffffffff,
      [0xff, 0x100, 0xfe, 0xffff, 0x10000, 0xffffffff, 0xfffffffd],
    ],
    ['expand-down data, 16 bits', 0x100, 0xffff, [0xff, 0x100, 0xffff, 0xfffe, 0xfffd, 0x10000]],
    ['data of 64 KiB pages', 0x0, 0xfff, [0xfff, 0x1000, 0xffd]],
    ['read-only data', 0x0, 0xff, [0x10, 0x100]],
  ]) {
    const selector = program.sel(name);
    for (const at of lasts) {
      for (const [kind, size, code] of [
        ['read 1', 1, 'mov bl, es:[eax]'],
        ['read 2', 2, 'mov bx, es:[eax]'],
        ['read 4', 4, 'mov ebx, es:[eax]'],
        ['read-modify-write 4', 4, 'add dword ptr es:[eax], 1'],
        ['write 1', 1, 'mov es:[eax], bl'],
        ['compare', 8, 'cmpxchg8b es:[eax]'],
      ])
        program.case(
          `${kind} at ${hex(at)} of ${name}`,
          memory(hex(at), `mov ecx, ${selector}\nmov es, ecx\nxor ebx, ebx\n${code}\n${log(1)}`),
          unless(
            at >= first && at + size - 1 <= last && !(/read-only/.test(name) && !/^read \d/.test(kind)),
            GP,
          ),
        );
    }
  }
  // At level 3, since #SS on the stack of level 0 would have nowhere to go.
  for (const at of [0, 1, 3, 4, 0xffd, 0x1000, 0x1001, 0x1003, 0x1004]) {
    const stack = `mov eax, ${program.sel('data of level 3') | 3}\nmov ss, eax\nmov esp, ${at}`;
    const fits = (from, size) => from >= 0 && from + size <= 0x1000;
    const user = (title, code, allowed) =>
      program.user(title, `${stack}\n${code}`, 0x202, unless(allowed, SS));
    user(`push at ${hex(at)}`, `push eax\n${log(2)}`, fits(at - 4, 4));
    user(`push of 16 bits at ${hex(at)}`, `push ax\n${log(2)}`, fits(at - 2, 2));
    user(`read at ss:${hex(at)}`, `mov ebx, ss:[esp]\n${log(2)}`, fits(at, 4));
    user(`enter at ${hex(at)}`, `mov ebp, 0x800\nenter 8, 2\n${log('ebp')}`, fits(at - 12, 12));
    user(`call at ${hex(at)}`, `call 1f\n1: ${log('esp')}`, fits(at - 4, 4));
  }
  program.case(
    'write to code',
    `mov eax, ${program.sel('readable code')}\nmov es, eax\nmov ebx, es:[${DATA}]\n${log(3)}\nmov es:[${DATA}], ebx`,
    [3, GP, 0],
  );
  program.case('read through the null selector', 'xor eax, eax\nmov es, eax\nmov eax, es:[0x1000]', [GP, 0]);
  program.case('write through cs', `mov cs:[${DATA}], eax`, [GP, 0]);
  program.case(
    'rep movsb across a limit',
    `mov eax, ${program.sel('data of 256 bytes')}\nmov es, eax\nmov esi, ${DATA}\nmov edi, 0xf8\nmov ecx, 20\nrep movsb`,
    [GP, 0],
  );
  program.case(
    'counters after it',
    `mov eax, ${program.sel('data of 256 bytes')}\nmov es, eax\nmov esi, ${DATA}\nmov edi, 0xf8\nmov ecx, 20\nmov dword ptr [${CONTROL}], offset 1f\nrep movsb\n1: ${log('ecx')}\n${log('esi')}\nmov ebx, edi\n${log('ebx')}`,
    [GP, 0, null, SEL.code, null, 12, DATA + 8, 0x100],
  );
  program.case(
    'lds',
    `mov dword ptr [${DATA}], 0x12345678\nmov word ptr [${DATA + 4}], ${SEL.data}\nlds ebx, [${DATA}]\n${log('ebx')}`,
  );
  program.case(
    'les of a bad selector keeps the register',
    `mov dword ptr [${DATA}], 0x12345678\nmov word ptr [${DATA + 4}], ${OUTSIDE}\nmov ebx, 5\nmov dword ptr [${CONTROL}], offset 1f\nles ebx, [${DATA}]\n1: ${log('ebx')}`,
  );
  program.case(
    'accessed bit',
    `mov eax, ${program.sel('data of level 3')}\nmov es, eax\nmov eax, [${GDT + program.sel('data of level 3') + 4}]\n${log('eax')}`,
  );
  program.case(
    'pop ss holds off a trap',
    `mov eax, ${SEL.data}\npush eax\npush 0x102\npopfd\npop ss\nnop\nnop`,
  );
  program.case(
    'arpl',
    `mov eax, 0x10\nmov ecx, 3\narpl ax, cx\nsetz bl\nmovzx ebx, bl\n${log('eax')}\n${log('ebx')}`,
  );
  program.case('mov cs', '.byte 0x8e, 0xc8');
  return program;
}

export function privilege() {
  const program = withKinds('privilege');
  const user = (title, code, flags) => program.user(title, code, flags);
  const PRIVILEGED = [
    ...[
      'hlt',
      'cli',
      'sti',
      'clts',
      'invd',
      'wbinvd',
      'mov eax, cr0',
      'mov cr0, eax',
      'mov eax, cr3',
      'mov eax, dr0',
      'mov dr7, eax',
      'rdmsr',
      'wrmsr',
    ],
    ...[
      `lgdt [${DATA}]`,
      `lidt [${DATA}]`,
      `lldt ax`,
      `ltr ax`,
      `lmsw ax`,
      `invlpg [${DATA}]`,
      'in al, dx',
      'out dx, al',
      'in eax, 0x80',
      'insb',
      'outsb',
      'rdpmc',
      'sysexit',
    ],
  ];
  for (const code of PRIVILEGED)
    user(
      `${code.replace(/\d{5,}/, 'm')} at level 3`,
      `xor eax, eax\nxor ecx, ecx\nmov edx, 0x80\nmov esi, ${DATA}\nmov edi, ${DATA}\n${code}\n${log(1)}`,
    );
  for (const code of ['sgdt', 'sidt'])
    user(`${code} at level 3`, `${code} [${DATA}]\nmov eax, [${DATA + 2}]\n${log('eax')}`);
  for (const code of ['str eax', 'sldt eax', 'smsw eax', 'cpuid\nxor eax, eax', 'rdtsc\nxor eax, eax'])
    user(`${code.split('\n')[0]} at level 3`, `xor eax, eax\n${code}\n${log('eax')}`);
  for (const iopl of [0, 0x3000]) {
    user(`cli and sti with IOPL ${iopl >> 12}`, `cli\n${log(1)}\nsti\n${log(2)}`, 0x202 | iopl);
    user(
      `popf with IOPL ${iopl >> 12}`,
      `push 0x46\npopfd\npushfd\npop eax\nand eax, 0x3edd5\n${log('eax')}`,
      0x202 | iopl,
    );
    user(
      `popf raises no IOPL (${iopl >> 12})`,
      `push 0x3646\npopfd\npushfd\npop eax\nand eax, 0x3edd5\n${log('eax')}`,
      0x202 | iopl,
    );
  }
  // I/O permission bitmap at TSS + 0x68: one bit a port.
  program.case(
    'bitmap',
    `mov dword ptr [${TSS + 0x68}], 0\nmov byte ptr [${TSS + 0x68 + 0x10}], 0x01\nmov byte ptr [${TSS + 0x68 + 0x11}], 0x80`,
  );
  for (const [op, port] of [
    ['in al, dx', 0x7e],
    ['in al, dx', 0x80],
    ['in al, dx', 0x81],
    ['in ax, dx', 0x7f],
    ['in ax, dx', 0x81],
    ['in eax, dx', 0x7d],
    ['in eax, dx', 0x83],
    ['in ax, dx', 0x8f],
    ['in al, dx', 0x8f],
    ['in ax, dx', 0x8e],
    ['out dx, al', 0x80],
  ])
    user(`${op} with the bitmap at port ${hex(port)}`, `mov edx, ${port}\n${op}\n${log(1)}`);
  user('in at a port beyond the limit of the TSS', `mov edx, 0xfff0\nmov ax, 1\nin al, dx\n${log(1)}`);
  // Interrupt gates.
  for (const vector of [0, 3, 4, 6, 13, 0x20, 0x30, 0x33]) {
    user(`int ${hex(vector)} at level 3`, `.byte 0xcd, ${vector}`);
    program.case(`int ${hex(vector)} at level 0`, `.byte 0xcd, ${vector}`);
  }
  program.case('int beyond the limit of the IDT', 'int 0x90');
  user('int3, into, icebp at level 3', 'int3');
  user('into', 'mov al, 0x7f\nadd al, 1\ninto');
  user('into without overflow', `xor eax, eax\ninto\n${log(1)}`);
  user(
    'bound',
    `mov dword ptr [${DATA}], -5\nmov dword ptr [${DATA + 4}], 5\nmov eax, 5\nbound eax, [${DATA}]\n${log(1)}\nmov eax, 6\nbound eax, [${DATA}]`,
  );
  user('ud2', 'ud2');
  user('div by 0', 'xor ecx, ecx\ndiv ecx');
  user('lock on a register', '.byte 0xf0, 0x01, 0xc0');
  user(
    'an instruction of 16 bytes',
    '.byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90',
  );
  user(
    'an instruction of 15 bytes',
    `.byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90\n${log(1)}`,
  );
  program.idt.set(0x31, gate(SEL.code3, 'gate3', 0xee));
  program.idt.set(0x32, gate(SEL.code, 'vector_50', 0xef));
  program.idt.set(0x21, gate(SEL.code, 'vector_33', 0x6e));
  program.idt.set(0x22, gate(0, 'vector_34', 0xee));
  program.idt.set(0x23, gate(SEL.data, 'vector_35', 0xee));
  program.idt.set(0x24, gate(OUTSIDE, 'vector_36', 0xee));
  program.idt.set(0x25, gate(program.sel('code that is not present'), 'vector_37', 0xee));
  program.idt.set(0x26, gate(SEL.code, 'vector_38', 0xe6));
  program.idt.set(0x27, gate(SEL.code, 'vector_39', 0xe4));
  program.idt.set(0x28, gate(program.sel('conforming code'), 'vector_40', 0xee));
  for (const vector of [0x21, 0x22, 0x23, 0x24, 0x25, 0x27, 0x32])
    for (const level of [0, 3])
      (level ? user : program.case.bind(program))(`int ${hex(vector)}, level ${level}`, `int ${vector}`);
  user('interrupt through a gate to level 3', `int 0x31\njmp 1f\ngate3: ${log(7)}\niretd\n1: ${log(8)}`);
  user('interrupt to conforming code at level 3', `int 0x28`);
  return program;
}
