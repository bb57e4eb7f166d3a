// A program of protection in the making: bare-metal code that logs 32-bit words at RESULT_BASE, case by case. It is entered by the firmware (rom.mjs) in flat
// protected mode at CPL 0. An exception or interrupt logs what the processor pushed and the case goes on at its end.
import { CONTROL, PROGRAM_BASE, RESULT_BASE, RESUME, STACK } from './layout.mjs';

export const CASE_MARK = 0xca5e0000;
const LOG_CURSOR = CONTROL + 0x60;
const SAVED_DI = CONTROL + 0x68;
export const [GDT, IDT, LDT, TSS, TSS2] = [0x0030_0000, 0x0030_1000, 0x0030_2000, 0x0030_3000, 0x0030_4000];
export const STACK3 = CONTROL + 0x6000;
export const DATA = 0x0031_0000;
/** Page tables of programs that page. */
export const PAGES = 0x0032_0000;
const VECTORS = 0x34;
const WITH_CODE = [8, 10, 11, 12, 13, 14, 17, 21];
/** RF (both oracles differ in when it is pushed) and AF (undefined after logic) are not logged. */
const LOGGED_FLAGS = 0x2efc7 & ~0x10;

/** Selectors of the programs' GDT. */
export const SEL = {
  code: 8,
  data: 0x10,
  code3: 0x1b,
  data3: 0x23,
  tss: 0x28,
  ldt: 0x30,
  tss2: 0x38,
};

/** A descriptor as two words. limit is the field's value (with G in units of 4 KiB). */
export function descriptor(base, limit, access, flags = 0xc) {
  const low = ((base & 0xffff) << 16) | (limit & 0xffff);
  const high =
    (base & 0xff000000) | (flags << 20) | (limit & 0xf0000) | (access << 8) | ((base >>> 16) & 0xff);
  return [low >>> 0, high >>> 0];
}

/** A gate as two words. */
export function gate(selector, offset, access, count = 0) {
  return { selector, offset, access, count };
}

export class ProtectionProgram {
  constructor(group, note) {
    this.group = group;
    this.note = note;
    this.text = [];
    this.titles = [];
    /** Words that the manual has for a case where QEMU differs from it; null is any word, and what follows is any. */
    this.manual = {};
    this.data = [];
    this.gdt = new Map([
      [SEL.code, descriptor(0, 0xfffff, 0x9b)],
      [SEL.data, descriptor(0, 0xfffff, 0x93)],
      [SEL.code3 & ~3, descriptor(0, 0xfffff, 0xfb)],
      [SEL.data3 & ~3, descriptor(0, 0xfffff, 0xf3)],
      [SEL.tss, descriptor(TSS, 0x20ff, 0x89, 0)],
      [SEL.ldt, descriptor(LDT, 0xff, 0x82, 0)],
      [SEL.tss2, descriptor(TSS2, 0x67, 0x89, 0)],
    ]);
    this.idt = new Map();
    this.setup = [];
  }

  emit(...lines) {
    this.text.push(...lines);
  }

  /** Code at CPL 0 that ends by falling through, or by an exception. `manual`: what it logs, instead of what QEMU says. */
  case(title, code, manual) {
    const id = this.titles.length;
    this.titles.push(title);
    if (manual) this.manual[id] = manual;
    this.emit(
      `mov dword ptr [${RESUME}], offset case_end_${id}`,
      log(CASE_MARK | id),
      code,
      `case_end_${id}:`,
      `call restore`,
    );
  }

  /** The same at CPL 3; it ends with INT 30h or an exception. EFLAGS at entry: `flags`. */
  user(title, code, flags = 0x202, manual = undefined) {
    const id = this.titles.length;
    this.case(
      title,
      `push ${SEL.data3}\npush ${STACK3}\npush 0x${(flags | 2).toString(16)}\npush ${SEL.code3}\npush offset user_${id}\nmov eax, ${SEL.data3}\nmov ds, eax\nmov es, eax\nmov fs, eax\nmov gs, eax\niretd\nuser_${id}:\n${code}\nint 0x30`,
      manual,
    );
  }

  source() {
    const stubs = [];
    for (let vector = 0; vector < VECTORS; vector += 1)
      stubs.push(
        `vector_${vector}:`,
        ...(WITH_CODE.includes(vector) ? [] : ['push 0']),
        `push ${vector}`,
        'jmp common',
      );
    const idt = [];
    for (let vector = 0; vector < VECTORS; vector += 1) {
      const { selector, offset, access, count } =
        this.idt.get(vector) ?? gate(SEL.code, `vector_${vector}`, vector >= 0x30 ? 0xee : 0x8e);
      idt.push(
        `mov eax, ${typeof offset === 'string' ? `offset ${offset}` : offset}`,
        `mov word ptr [${IDT + vector * 8}], ax`,
        `shr eax, 16`,
        `mov word ptr [${IDT + vector * 8 + 6}], ax`,
      );
      idt.push(
        `mov word ptr [${IDT + vector * 8 + 2}], ${selector}`,
        `mov word ptr [${IDT + vector * 8 + 4}], ${(access << 8) | count}`,
      );
    }
    const gdt = [...this.gdt].flatMap(([selector, words]) =>
      words.map((word, i) => `mov dword ptr [${GDT + (selector & ~7) + i * 4}], 0x${word.toString(16)}`),
    );
    const field = (name) => [`movzx eax, word ptr ${name}`, log('eax')];
    return [
      '.intel_syntax noprefix',
      '.code32',
      `mov dword ptr [${LOG_CURSOR}], ${RESULT_BASE + 4}`,
      ...gdt,
      ...idt,
      `lgdt [gdt_pointer]`,
      `lidt [idt_pointer]`,
      `mov dword ptr [${TSS + 4}], ${STACK}`,
      `mov dword ptr [${TSS + 8}], ${SEL.data}`,
      `mov word ptr [${TSS + 0x66}], 0x68`,
      `mov byte ptr [${TSS + 0x68 + 0x2000}], 0xff`,
      ...this.setup,
      `ljmp ${SEL.code}, offset begin`.replace('ljmp 8, offset begin', '.byte 0xea\n.long begin\n.word 8'),
      'begin:',
      `mov eax, ${SEL.tss}`,
      'ltr ax',
      'call restore',
      ...this.text,
      `mov eax, [${LOG_CURSOR}]`,
      `sub eax, ${RESULT_BASE + 4}`,
      'shr eax, 2',
      `mov [${RESULT_BASE}], eax`,
      'cli',
      'hlt',
      ...stubs,
      // Stack: vector, error code, EIP, CS, EFLAGS, then ESP and SS from an outer level, ES DS FS GS from virtual-8086 mode.
      'common:',
      'push eax',
      `mov eax, ${SEL.data}`,
      'mov ds, eax',
      'mov eax, [esp+4]',
      'or eax, 0xec000000',
      log('eax'),
      'mov eax, [esp+8]',
      log('eax'),
      'mov eax, [esp+12]',
      log('eax'),
      ...field('[esp+16]'),
      'mov eax, [esp+20]',
      `and eax, ${LOGGED_FLAGS}`,
      log('eax'),
      'test byte ptr [esp+22], 2',
      'jz 1f',
      ...[28, 32, 36, 40, 44].flatMap((at) => field(`[esp+${at}]`)),
      'jmp 2f',
      '1: test byte ptr [esp+16], 3',
      'jz 3f',
      ...field('[esp+28]'),
      '2: mov eax, [esp+24]',
      log('eax'),
      '3: cmp dword ptr [esp+4], 14',
      'jne 4f',
      'mov eax, cr2',
      log('eax'),
      '4: cmp dword ptr [esp+4], 1',
      'jne 5f',
      'mov eax, dr6',
      log('eax'),
      'mov eax, 0xffff0ff0',
      'mov dr6, eax',
      '5: pop eax',
      `jmp dword ptr [${RESUME}]`,
      'restore:',
      'pop edx',
      `mov eax, ${SEL.data}`,
      'mov ds, eax',
      'mov es, eax',
      'mov fs, eax',
      'mov gs, eax',
      'mov ss, eax',
      `mov esp, ${STACK}`,
      'push 2',
      'popfd',
      'jmp edx',
      '.balign 8',
      `gdt_pointer: .word 0x1ff\n.long ${GDT}`,
      `idt_pointer: .word ${VECTORS * 8 - 1}\n.long ${IDT}`,
      '.balign 16',
      ...this.data,
      '',
    ].join('\n');
  }
}

/** Appends a word to the log: a number or a register other than EDI. Flags stay. */
export function log(value) {
  return `mov [${SAVED_DI}], edi\nmov edi, [${LOG_CURSOR}]\nmov dword ptr [edi], ${typeof value === 'number' ? `0x${(value >>> 0).toString(16)}` : value}\nlea edi, [edi+4]\nmov [${LOG_CURSOR}], edi\nmov edi, [${SAVED_DI}]`;
}

export const PROGRAM = PROGRAM_BASE;
