/**
 * Draws with WebGPU. The video memory is mirrored in a storage buffer: pages that the guest wrote to go there straight from the shared memory, with no
 * copy in JavaScript, and the shader finds its pixels in it by address. So page flips, panning and palettes upload nothing.
 *
 * The picture is kept in a buffer: only lines that changed are made again. It is copied to a canvas of the guest's size, or drawn onto one of another size.
 */
import { type PageRun, type ScanoutMemory, sameMemory } from '../core/scanout.ts';
import type { Drawing, Output, Renderer } from './renderer.ts';
import {
  DECODE_SHADER,
  FLAG_BLINKING,
  FLAG_CURSOR,
  FLAG_LINE_GRAPHICS,
  FLAG_TEXT_DARK,
  FORMATS,
  PALETTE_WORDS,
  PARAMS_WORDS,
  PIXELS_EACH,
  SHOW_SHADER,
  WORKGROUP,
} from './shaders.ts';

const PAGE = 4096;
/** No line of a glyph. */
const NO_LINE = 0xff;
/** Pages. */
const JOINED_GAP = 16;
/** What rows of a copy are a multiple of, bytes. */
const ROW_ALIGNMENT = 256;
const PITCH = ROW_ALIGNMENT / 4;

/** Lines that were made again, to be copied into the picture. */
interface Rows {
  top: number;
  bottom: number;
}

export class WebGpuRenderer implements Renderer {
  readonly kind = 'webgpu';
  readonly canvas: HTMLCanvasElement;
  /** Resolves when the device is gone by itself, with the browser's reason; never after dispose(). */
  readonly lost: Promise<string>;
  private readonly device: GPUDevice;
  private readonly context: GPUCanvasContext;
  /** Of canvas and picture. */
  private readonly format: GPUTextureFormat;
  private readonly decodeModule: GPUShaderModule;
  private readonly showModule: GPUShaderModule;
  private readonly decodeLayout: GPUBindGroupLayout;
  private readonly showLayout: GPUBindGroupLayout;
  /** By the scan-out's format. */
  private readonly decoders = new Map<number, GPUComputePipeline>();
  /** By whether pixels have hard edges. */
  private readonly showers = new Map<boolean, GPURenderPipeline>();
  private readonly params: GPUBuffer;
  private readonly step: GPUBuffer;
  private memory: GPUBuffer | null = null;
  private mirrored: ScanoutMemory | null = null;
  private table: GPUBuffer | null = null;
  /** The table of lines that is in `table`. */
  private written: Uint32Array | null = null;
  private width = 0;
  private height = 0;
  /** Pixels from one line of `pixels` to the next. */
  private pitch = 0;
  private pixels: GPUBuffer | null = null;
  /** The same, where it is scaled. */
  private picture: GPUTexture | null = null;
  private output: Output | null = null;
  private decodeBindings: GPUBindGroup | null = null;
  private showBindings: GPUBindGroup | null = null;
  private disposed = false;

  /** @throws Error that says what is missing, where WebGPU cannot draw */
  static async create(): Promise<WebGpuRenderer> {
    const gpu = (navigator as Partial<Navigator>).gpu;
    if (!gpu) throw new Error('this browser has no WebGPU');
    const adapter = await gpu.requestAdapter();
    if (!adapter) throw new Error('WebGPU found no graphics adapter');
    const device = await adapter.requestDevice();
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('webgpu') as GPUCanvasContext | null;
    if (!context) throw new Error('the browser gave no WebGPU canvas');
    device.pushErrorScope('validation');
    const renderer = new WebGpuRenderer(device, canvas, context, gpu.getPreferredCanvasFormat());
    const error = await device.popErrorScope();
    if (error) {
      renderer.dispose();
      throw new Error(`WebGPU: ${error.message}`);
    }
    return renderer;
  }

  private constructor(
    device: GPUDevice,
    canvas: HTMLCanvasElement,
    context: GPUCanvasContext,
    format: GPUTextureFormat,
  ) {
    this.device = device;
    this.canvas = canvas;
    this.context = context;
    this.format = format;
    this.lost = new Promise((resolve) => {
      void device.lost.then(({ message }) => {
        if (!this.disposed) resolve(message || 'the device was lost');
      });
    });
    const usage = GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT;
    context.configure({ device, format, usage, alphaMode: 'opaque' });
    this.decodeModule = device.createShaderModule({ code: DECODE_SHADER });
    this.showModule = device.createShaderModule({ code: SHOW_SHADER });
    const compute = (binding: number, type: GPUBufferBindingType): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type },
    });
    this.decodeLayout = device.createBindGroupLayout({
      entries: [
        compute(0, 'uniform'),
        compute(1, 'read-only-storage'),
        compute(2, 'read-only-storage'),
        compute(3, 'read-only-storage'),
        compute(4, 'storage'),
      ],
    });
    const visibility = GPUShaderStage.FRAGMENT;
    this.showLayout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility, buffer: { type: 'uniform' } },
        { binding: 1, visibility, texture: { sampleType: 'unfilterable-float' } },
      ],
    });
    this.decoder(0);
    this.shower(false);
    const uniform = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    this.params = device.createBuffer({ size: PARAMS_WORDS * 4, usage: uniform });
    this.step = device.createBuffer({ size: 16, usage: uniform });
  }

  scale(output: Output | null): void {
    this.output = output;
  }

  forget(): void {
    this.mirrored = null;
  }

  draw(drawing: Drawing): void {
    const { device } = this;
    const { scanout, table } = drawing;
    let { lines } = drawing;
    if (this.resize(scanout.width, scanout.height)) lines = null;
    // Asking for the canvas's texture wakes the GPU process. With the copy to do it would work at once, on this thread's processor; before the copy it has nothing to do.
    const target = this.target();
    if (scanout.kind !== 'blank') {
      if (this.mirror(scanout.memory, drawing)) lines = null;
    } else if (drawing.runs.length > 0) {
      // A blank picture does not say where its memory lies: the next one gets all of it.
      this.forget();
    }
    if (table !== this.written) this.writeTable(drawing);
    const rows = lines ?? { top: 0, bottom: this.height };
    const encoder = device.createCommandEncoder();
    if (rows.bottom > rows.top) this.decode(encoder, drawing, rows);
    this.show(encoder, target, rows);
    device.queue.submit([encoder.finish()]);
  }

  private decode(encoder: GPUCommandEncoder, drawing: Drawing, { top, bottom }: Rows): void {
    const { scanout } = drawing;
    const words = paramsOf(drawing);
    words.set([this.width, this.pitch, top], 10);
    this.device.queue.writeBuffer(this.params, 0, words);
    // In text modes one more for what panning moves in.
    const across = scanout.kind === 'text' ? scanout.columns + 1 : this.pitch / PIXELS_EACH;
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.decoder(formatOf(scanout)));
    this.decodeBindings ??= this.bindDecoder();
    pass.setBindGroup(0, this.decodeBindings);
    pass.dispatchWorkgroups(Math.ceil(across / WORKGROUP), bottom - top);
    pass.end();
  }

  /** What the canvas shows after this task, in the size that the picture has on the page. */
  private target(): GPUTexture {
    const { canvas, width, height } = this;
    const size = this.output ?? { width, height };
    if (canvas.width !== size.width || canvas.height !== size.height) {
      canvas.width = size.width;
      canvas.height = size.height;
    }
    return this.context.getCurrentTexture();
  }

  /** Puts the picture, of which these rows are new, onto a texture. */
  private show(encoder: GPUCommandEncoder, target: GPUTexture, rows: Rows): void {
    const { width, height } = this;
    if (target.width === width && target.height === height) {
      this.copyRows(encoder, target, { top: 0, bottom: height });
      this.picture?.destroy();
      this.picture = null;
      return;
    }
    let fresh = rows;
    if (!this.picture) {
      this.picture = this.device.createTexture({
        size: [width, height],
        format: this.format,
        usage: GPUTextureUsage.COPY_DST | GPUTextureUsage.TEXTURE_BINDING,
      });
      this.showBindings = null;
      fresh = { top: 0, bottom: height };
    }
    this.copyRows(encoder, this.picture, fresh);
    const step = new Float32Array([width / target.width, height / target.height]);
    this.device.queue.writeBuffer(this.step, 0, step);
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: target.createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(this.shower(this.output?.hard ?? false));
    this.showBindings ??= this.device.createBindGroup({
      layout: this.showLayout,
      entries: [
        { binding: 0, resource: { buffer: this.step } },
        { binding: 1, resource: this.picture.createView() },
      ],
    });
    pass.setBindGroup(0, this.showBindings);
    pass.draw(3);
    pass.end();
  }

  private copyRows(encoder: GPUCommandEncoder, texture: GPUTexture, { top, bottom }: Rows): void {
    if (bottom <= top) return;
    const bytesPerRow = this.pitch * 4;
    encoder.copyBufferToTexture(
      { buffer: this.pixels!, offset: top * bytesPerRow, bytesPerRow },
      { texture, origin: { x: 0, y: top } },
      [this.width, bottom - top],
    );
  }

  private decoder(format: number): GPUComputePipeline {
    let pipeline = this.decoders.get(format);
    if (!pipeline) {
      const constants = { format, blueFirst: this.format === 'bgra8unorm' ? 1 : 0 };
      pipeline = this.device.createComputePipeline({
        layout: this.device.createPipelineLayout({ bindGroupLayouts: [this.decodeLayout] }),
        compute: { module: this.decodeModule, entryPoint: 'decode', constants },
      });
      this.decoders.set(format, pipeline);
    }
    return pipeline;
  }

  private shower(hard: boolean): GPURenderPipeline {
    let pipeline = this.showers.get(hard);
    if (!pipeline) {
      const module = this.showModule;
      pipeline = this.device.createRenderPipeline({
        layout: this.device.createPipelineLayout({ bindGroupLayouts: [this.showLayout] }),
        vertex: { module, entryPoint: 'cover' },
        fragment: {
          module,
          entryPoint: 'show',
          targets: [{ format: this.format }],
          constants: { hard: hard ? 1 : 0 },
        },
      });
      this.showers.set(hard, pipeline);
    }
    return pipeline;
  }

  idle(): Promise<unknown> {
    return Promise.race([this.device.queue.onSubmittedWorkDone(), this.device.lost]);
  }

  /** Whether the picture has another size than before. */
  private resize(width: number, height: number): boolean {
    if (this.width === width && this.height === height) return false;
    this.width = width;
    this.height = height;
    this.pitch = Math.ceil(width / PITCH) * PITCH;
    this.pixels?.destroy();
    this.picture?.destroy();
    this.picture = null;
    this.decodeBindings = null;
    this.pixels = this.device.createBuffer({
      size: this.pitch * 4 * height,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
    });
    return true;
  }

  /** Brings the mirror up to date; whether it was made anew. */
  private mirror(memory: ScanoutMemory, { shared, runs }: Drawing): boolean {
    const fresh = this.mirrored === null || !sameMemory(this.mirrored, memory);
    const pages = Math.ceil(memory.size / PAGE);
    if (fresh) {
      this.mirrored = memory;
      // Whoever shows one buffer after the other needs no other mirror for that.
      if (this.memory?.size !== pages * PAGE) {
        this.memory?.destroy();
        this.memory = this.device.createBuffer({
          size: pages * PAGE,
          usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
        });
        this.decodeBindings = null;
      }
    }
    const whole: PageRun[] = [{ first: 0, count: pages }];
    for (const { first, count } of fresh ? whole : joined(runs)) {
      const end = Math.min((first + count) * PAGE, memory.size);
      this.upload(memory, shared, first * PAGE, end);
    }
    return fresh;
  }

  /** Brings a range of the mirror up to date. */
  private upload({ linear, own, pieces }: ScanoutMemory, shared: Uint8Array, from: number, to: number): void {
    const { queue } = this.device;
    const write = (at: number, bytes: Uint8Array, start: number, length: number): void => {
      if (length > 0) queue.writeBuffer(this.memory!, at, bytes as Uint8Array<ArrayBuffer>, start, length);
    };
    if (!pieces) {
      if (own) write(from, own, from, to - from);
      else write(from, shared, linear + from, to - from);
      return;
    }
    let at = 0;
    for (const piece of pieces) {
      const start = Math.max(at, from);
      write(start, shared, piece.linear + start - at, Math.min(at + piece.length, to) - start);
      at += piece.length;
      if (at >= to) return;
    }
  }

  /** The palette and the table of lines, which stay the same while only memory changes. */
  private writeTable({ scanout, table }: Drawing): void {
    this.written = table;
    const bytes = (PALETTE_WORDS + Math.max(table.length, 2)) * 4;
    if (!this.table || this.table.size < bytes) {
      this.table?.destroy();
      this.table = this.device.createBuffer({
        size: bytes,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
      });
      this.decodeBindings = null;
    }
    if (scanout.kind === 'blank') return;
    this.device.queue.writeBuffer(this.table!, 0, scanout.palette as Uint32Array<ArrayBuffer>);
    this.device.queue.writeBuffer(this.table!, PALETTE_WORDS * 4, table);
  }

  private bindDecoder(): GPUBindGroup {
    this.memory ??= this.device.createBuffer({ size: PAGE, usage: GPUBufferUsage.STORAGE });
    const buffers = [this.params, this.memory, this.memory, this.table!, this.pixels!];
    return this.device.createBindGroup({
      layout: this.decodeLayout,
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  }

  async readPixels(): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const { pixels, width, height, pitch } = this;
    if (!pixels) return new Uint8ClampedArray();
    return this.read(width, height, pitch * 4, (encoder, buffer) =>
      encoder.copyBufferToBuffer(pixels, 0, buffer, 0, pixels.size),
    );
  }

  async readCanvas(): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const { width, height } = this.canvas;
    if (!this.pixels) return new Uint8ClampedArray();
    // The canvas's own texture cannot be read back: this one is drawn as that was.
    const texture = this.device.createTexture({
      size: [width, height],
      format: this.format,
      usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC,
    });
    const bytesPerRow = Math.ceil((width * 4) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
    const pixels = await this.read(width, height, bytesPerRow, (encoder, buffer) => {
      this.show(encoder, texture, { top: 0, bottom: 0 });
      encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [width, height]);
    });
    texture.destroy();
    return pixels;
  }

  private async read(
    width: number,
    height: number,
    rowBytes: number,
    copy: (encoder: GPUCommandEncoder, buffer: GPUBuffer) => void,
  ): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const { device } = this;
    const buffer = device.createBuffer({
      size: rowBytes * height,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    const encoder = device.createCommandEncoder();
    copy(encoder, buffer);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    const rows = new Uint8Array(buffer.getMappedRange());
    const pixels = new Uint8ClampedArray(width * height * 4);
    for (let y = 0; y < height; y++)
      pixels.set(rows.subarray(y * rowBytes, y * rowBytes + width * 4), y * width * 4);
    buffer.destroy();
    if (this.format === 'bgra8unorm') {
      for (let i = 0; i < pixels.length; i += 4) [pixels[i], pixels[i + 2]] = [pixels[i + 2], pixels[i]];
    }
    return pixels;
  }

  dispose(): void {
    this.disposed = true;
    this.device.destroy();
  }

  /** For tests: loses the device as a driver's reset would. */
  lose(): void {
    this.device.destroy();
  }
}

/** Runs with few pages between them made one: a page more is cheaper than a call more. */
function joined(runs: readonly PageRun[]): PageRun[] {
  const joint: PageRun[] = [];
  for (const { first, count } of runs) {
    const last = joint.at(-1);
    if (last && first - (last.first + last.count) <= JOINED_GAP) last.count = first + count - last.first;
    else joint.push({ first, count });
  }
  return joint;
}

/** Number of the scan-out's format in FORMATS. */
function formatOf(scanout: Drawing['scanout']): number {
  return FORMATS.indexOf(scanout.kind === 'graphics' ? scanout.format : scanout.kind);
}

function paramsOf({ scanout, phase }: Drawing): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(PARAMS_WORDS);
  if (scanout.kind === 'blank') return words;
  words[0] = scanout.wrap - 1;
  if (scanout.kind === 'graphics') {
    words[1] = scanout.doubling;
    words[2] = scanout.planes;
    return words;
  }
  const { cursor, fonts, underline } = scanout;
  words[3] = scanout.cellWidth;
  words[4] =
    (scanout.lineGraphics ? FLAG_LINE_GRAPHICS : 0) |
    (scanout.blinking ? FLAG_BLINKING : 0) |
    (phase.text ? 0 : FLAG_TEXT_DARK) |
    (cursor && phase.cursor ? FLAG_CURSOR : 0);
  [words[5], words[6]] = fonts;
  words[13] = underline ?? NO_LINE;
  if (cursor) [words[7], words[8], words[9]] = [cursor.address, cursor.first, cursor.last];
  return words;
}
