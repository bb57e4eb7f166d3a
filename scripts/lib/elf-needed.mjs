// The shared libraries that an ELF file names: ELF-64 and ELF-32, little-endian (System V gABI, chapters 4 and 5).

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;

/** Offsets and sizes in the header, in an entry of the program header table (type is at 0), and in one of the dynamic section. */
const LAYOUTS = {
  1: { word: 4, phoff: 28, phentsize: 42, phnum: 44, offset: 4, vaddr: 8, filesz: 16 },
  2: { word: 8, phoff: 32, phentsize: 54, phnum: 56, offset: 8, vaddr: 16, filesz: 32 },
};

/** The names (DT_NEEDED) that the file's dynamic section has; none for what is no ELF file or is linked statically. Throws on one that is cut short. */
export function neededLibraries(bytes) {
  if (bytes.length < 20 || bytes.readUInt32BE(0) !== 0x7f454c46) return [];
  const layout = LAYOUTS[bytes[4]];
  if (!layout || bytes[5] !== 1) return [];
  try {
    return neededOf(bytes, layout);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error('ELF: the file is cut short');
  }
}

function neededOf(bytes, { word, phoff, phentsize, phnum, offset, vaddr, filesz }) {
  const at = (place) => (word === 8 ? Number(bytes.readBigUInt64LE(place)) : bytes.readUInt32LE(place));
  const segments = Array.from({ length: bytes.readUInt16LE(phnum) }, (_, index) => {
    const entry = at(phoff) + index * bytes.readUInt16LE(phentsize);
    const type = bytes.readUInt32LE(entry);
    return { type, offset: at(entry + offset), vaddr: at(entry + vaddr), filesz: at(entry + filesz) };
  });
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (!dynamic) return [];
  const names = [];
  let table = 0;
  for (let entry = dynamic.offset; entry < dynamic.offset + dynamic.filesz; entry += 2 * word) {
    const [tag, value] = [at(entry), at(entry + word)];
    if (tag === DT_NULL) break;
    if (tag === DT_NEEDED) names.push(value);
    if (tag === DT_STRTAB) table = value;
  }
  const holder = segments.find(
    (one) => one.type === PT_LOAD && table >= one.vaddr && table < one.vaddr + one.filesz,
  );
  if (names.length > 0 && !holder) throw new Error('ELF: the names of libraries lie in no segment');
  return names.map((name) => {
    const start = table - holder.vaddr + holder.offset + name;
    const end = bytes.indexOf(0, start);
    if (end < 0) throw new RangeError();
    return bytes.toString('latin1', start, end);
  });
}
