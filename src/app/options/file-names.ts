/** Files in the page's hands by names that no two have: the form shows them so, and the command line takes them by these. */
import type { ImageSource } from '../../core/vm-api.ts';
import { imageName, isLocalImage } from '../../element/options.ts';

export class FileNames {
  /** All that were named, by their names. */
  readonly files = new Map<string, ImageSource>();
  private readonly names = new Map<ImageSource, string>();
  private readonly taken: ReadonlySet<string>;
  private readonly shorten: (address: string) => string;

  /**
   * @param shorten how an address is shown
   * @param taken names of what else the command line has
   */
  constructor(shorten: (address: string) => string, taken: readonly string[] = []) {
    this.shorten = shorten;
    this.taken = new Set(taken);
  }

  /** What a person sees of an image: of a file its name, of a second one of that name `disk-2.img`. */
  nameOf(source: ImageSource): string {
    if (!isLocalImage(source)) return this.shorten(source);
    const known = this.names.get(source);
    if (known !== undefined) return known;
    const called = imageName(source);
    const [, stem, end] = /^(.*?)((?:\.[a-z]\w*)*)$/is.exec(called)!;
    let name = called;
    for (let number = 2; this.files.has(name) || this.taken.has(name); number++)
      name = `${stem}-${number}${end}`;
    this.names.set(source, name);
    this.files.set(name, source);
    return name;
  }
}
