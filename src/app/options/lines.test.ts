import { describe, expect, it } from 'vitest';
import type { FwCfgEntry, ImageSource } from '../../core/vm-api.ts';
import { FileNames } from './file-names.ts';
import { linesOf, parseLines } from './lines.ts';

const site = 'http://127.0.0.1:8080/';
const names = new FileNames((address) => (address.startsWith(site) ? address.slice(site.length) : address));
const nameOf = (file: ImageSource): string => names.nameOf(file);
const text = (fwCfg: FwCfgEntry[]): string => linesOf('fwCfg', { fwCfg }, nameOf);
const parse = (lines: string, held: FwCfgEntry[] = []) => parseLines('fwCfg', lines, held, nameOf).fwCfg;

describe('the lines of fw_cfg', () => {
  it('keep commas, blanks and equals signs of names, texts and files', () => {
    const entries: FwCfgEntry[] = [
      { name: 'opt/a,b=c', string: ' x,y,,z=1, ' },
      { name: 'opt/empty', string: '' },
      { name: 'opt/site', file: `${site}images/c,d.img` },
      { name: 'opt/far', file: 'https://a.example/c,,d.img?x=1,2#e' },
      { name: 'opt/picked', file: new File(['f'], 'my, file=1.img') },
    ];
    expect(text(entries).split('\n')).toHaveLength(entries.length);
    const back = parse(text(entries), entries)!;
    expect(back).toEqual(entries);
    expect(back[4].file).toBe(entries[4].file);
    const edited = parse(text(entries).replace('opt/empty', 'opt/other'), entries);
    expect(edited).toEqual(entries.with(1, { name: 'opt/other', string: '' }));
  });

  it('tell files apart that are called alike, and entries that are renamed', () => {
    const [one, two] = [new File(['1'], 'c.img'), new File(['2'], 'c.img')];
    const entries: FwCfgEntry[] = [
      { name: 'opt/1', file: one },
      { name: 'opt/2', file: two },
    ];
    expect(text(entries)).toBe('name=opt/1,file=c.img\nname=opt/2,file=c-2.img');
    const files = (lines: string) => parse(lines, entries)!.map(({ file }) => file);
    expect(files(text(entries))[0]).toBe(one);
    expect(files(text(entries))[1]).toBe(two);
    expect(files('name=opt/other,file=c-2.img\nname=opt/2,file=c.img\nname=opt/3,file=c.img')).toEqual([
      two,
      one,
      one,
    ]);
    expect(files('name=opt/other,file=c-2.img')[0]).toBe(two);
    expect(files('name=opt/1,file=d.img')).toEqual(['d.img']);
  });

  it('refuse what is no file', () => {
    expect(() => parse('name=opt/a')).toThrow(/give a name and either file=FILE or string=TEXT/);
    expect(() => parse('name=opt/a,string=x,y')).toThrow(/"y" needs a value/);
  });
});

it('the lines of SMBIOS are taken as they are', () => {
  const smbios = ['type=1,serial=a,,b', 'type=11,value=c d'];
  const lines = linesOf('smbios', { smbios }, nameOf);
  expect(parseLines('smbios', lines, [], nameOf)).toEqual({ smbios });
  expect(parseLines('smbios', ' \n\n', [], nameOf)).toEqual({ smbios: undefined });
});
