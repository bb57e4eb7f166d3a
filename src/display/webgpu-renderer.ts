/**
 * Draws with WebGPU. The video memory is mirrored in a storage buffer: pages that the guest wrote to go there straight from the shared memory, with no
 * copy in JavaScript, and the shader finds its pixels in it by address. So page flips, panning and palettes upload nothing.
 *
 * The picture is kept in a texture: only lines that changed are shaded again, then the whole is copied to the canvas.
 */
import type { PageRun, ScanoutMemory } from '../core/scanout.ts';
import type { Drawing, Renderer } from './renderer.ts';
import {
  FLAG_BLINKING,
  FLAG_CURSOR,
  FLAG_LINE_GRAPHICS,
  FLAG_TEXT_DARK,
  FORMATS,
  PALETTE_WORDS,
  PARAMS_WORDS,
  SHADER,
} from './shaders.ts';

const PAGE = 4096;
const TEXTURE_FORMAT = 'rgba8unorm';
const ROW_ALIGNMENT = 256;

export class WebGpuRenderer implements Renderer {
  readonly kind = 'webgpu';
  readonly canvas: HTMLCanvasElement;
  /** Resolves when the device is gone by itself, with the browser's reason; never after dispose(). */
  readonly lost: Promise<string>;
  private readonly device: GPUDevice;
  private readonly context: GPUCanvasContext;
  private readonly module: GPUShaderModule;
  private readonly layout: GPUBindGroupLayout;
  /** By format. */
  private readonly pipelines = new Map<number, GPURenderPipeline>();
  private readonly params: GPUBuffer;
  private memory: GPUBuffer | null = null;
  private mirrored: ScanoutMemory | null = null;
  private table: GPUBuffer | null = null;
  /** The table of lines that is in `table`. */
  private written: Uint32Array | null = null;
  private target: GPUTexture | null = null;
  private bindings: GPUBindGroup | null = null;
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
    const renderer = new WebGpuRenderer(device, canvas, context);
    const error = await device.popErrorScope();
    if (error) {
      renderer.dispose();
      throw new Error(`WebGPU: ${error.message}`);
    }
    return renderer;
  }

  private constructor(device: GPUDevice, canvas: HTMLCanvasElement, context: GPUCanvasContext) {
    this.device = device;
    this.canvas = canvas;
    this.context = context;
    this.lost = new Promise((resolve) => {
      void device.lost.then(({ message }) => {
        if (!this.disposed) resolve(message || 'the device was lost');
      });
    });
    const usage = GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT;
    context.configure({ device, format: TEXTURE_FORMAT, usage, alphaMode: 'opaque' });
    this.module = device.createShaderModule({ code: SHADER });
    const visibility = GPUShaderStage.FRAGMENT;
    this.layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility, buffer: { type: 'uniform' } },
        { binding: 1, visibility, buffer: { type: 'read-only-storage' } },
        { binding: 2, visibility, buffer: { type: 'read-only-storage' } },
      ],
    });
    this.pipeline(0);
    this.params = device.createBuffer({
      size: PARAMS_WORDS * 4,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  draw(drawing: Drawing): void {
    const { device } = this;
    const { scanout, table } = drawing;
    const { width, height } = scanout;
    let { lines } = drawing;
    if (this.resize(width, height)) lines = null;
    if (scanout.kind !== 'blank' && this.mirror(scanout.memory, drawing)) lines = null;
    if (table !== this.written) this.writeTable(drawing);
    device.queue.writeBuffer(this.params, 0, paramsOf(drawing));
    const { top, bottom } = lines ?? { top: 0, bottom: height };
    const target = this.target!;
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: target.createView(), loadOp: 'load', storeOp: 'store' }],
    });
    pass.setPipeline(this.pipeline(formatOf(scanout)));
    this.bindings ??= this.bind();
    pass.setBindGroup(0, this.bindings);
    pass.setScissorRect(0, top, width, bottom - top);
    pass.draw(3);
    pass.end();
    const canvas = this.context.getCurrentTexture();
    encoder.copyTextureToTexture({ texture: target }, { texture: canvas }, [width, height]);
    device.queue.submit([encoder.finish()]);
  }

  private pipeline(format: number): GPURenderPipeline {
    let pipeline = this.pipelines.get(format);
    if (!pipeline) {
      const { module, device } = this;
      pipeline = device.createRenderPipeline({
        layout: device.createPipelineLayout({ bindGroupLayouts: [this.layout] }),
        vertex: { module, entryPoint: 'cover' },
        fragment: {
          module,
          entryPoint: 'draw',
          targets: [{ format: TEXTURE_FORMAT }],
          constants: { format },
        },
      });
      this.pipelines.set(format, pipeline);
    }
    return pipeline;
  }

  idle(): Promise<unknown> {
    return Promise.race([this.device.queue.onSubmittedWorkDone(), this.device.lost]);
  }

  /** Whether the picture has another size than before. */
  private resize(width: number, height: number): boolean {
    if (this.target?.width === width && this.target.height === height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    this.target?.destroy();
    this.target = this.device.createTexture({
      size: [width, height],
      format: TEXTURE_FORMAT,
      usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC,
    });
    return true;
  }

  /** Brings the mirror up to date; whether it was made anew. */
  private mirror(memory: ScanoutMemory, { shared, runs }: Drawing): boolean {
    const fresh = this.mirrored?.linear !== memory.linear || this.mirrored.size !== memory.size;
    if (fresh) {
      this.memory?.destroy();
      this.memory = this.device.createBuffer({
        size: memory.size,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
      });
      this.mirrored = memory;
      this.bindings = null;
    }
    const whole: PageRun[] = [{ first: 0, count: memory.size / PAGE }];
    for (const { first, count } of fresh ? whole : runs) {
      const at = first * PAGE;
      this.device.queue.writeBuffer(
        this.memory!,
        at,
        shared as Uint8Array<ArrayBuffer>,
        memory.linear + at,
        Math.min(count * PAGE, memory.size - at),
      );
    }
    return fresh;
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
      this.bindings = null;
    }
    if (scanout.kind === 'blank') return;
    this.device.queue.writeBuffer(this.table!, 0, scanout.palette as Uint32Array<ArrayBuffer>);
    this.device.queue.writeBuffer(this.table!, PALETTE_WORDS * 4, table);
  }

  private bind(): GPUBindGroup {
    this.memory ??= this.device.createBuffer({ size: PAGE, usage: GPUBufferUsage.STORAGE });
    return this.device.createBindGroup({
      layout: this.layout,
      entries: [
        { binding: 0, resource: { buffer: this.params } },
        { binding: 1, resource: { buffer: this.memory } },
        { binding: 2, resource: { buffer: this.table! } },
      ],
    });
  }

  async readPixels(): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const { target, device } = this;
    if (!target) return new Uint8ClampedArray();
    const { width, height } = target;
    const rowBytes = Math.ceil((width * 4) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
    const buffer = device.createBuffer({
      size: rowBytes * height,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    const encoder = device.createCommandEncoder();
    encoder.copyTextureToBuffer({ texture: target }, { buffer, bytesPerRow: rowBytes }, [width, height]);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    const rows = new Uint8Array(buffer.getMappedRange());
    const pixels = new Uint8ClampedArray(width * height * 4);
    for (let y = 0; y < height; y++)
      pixels.set(rows.subarray(y * rowBytes, y * rowBytes + width * 4), y * width * 4);
    buffer.destroy();
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
  const { cursor, fonts } = scanout;
  words[3] = scanout.cellWidth;
  words[4] =
    (scanout.lineGraphics ? FLAG_LINE_GRAPHICS : 0) |
    (scanout.blinking ? FLAG_BLINKING : 0) |
    (phase.text ? 0 : FLAG_TEXT_DARK) |
    (cursor && phase.cursor ? FLAG_CURSOR : 0);
  [words[5], words[6]] = fonts;
  if (cursor) [words[7], words[8], words[9]] = [cursor.address, cursor.first, cursor.last];
  return words;
}
