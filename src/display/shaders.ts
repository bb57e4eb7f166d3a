/**
 * The shaders. `decode` makes pixels of the guest's memory as decode.ts does, eight to an invocation, in text modes a line of a character; `show` draws them
 * onto a canvas of another size. Formats are numbered by FORMATS; `table` holds the palette and behind it the table of line-table.ts.
 *
 * A software renderer spends its time on invocations and on single loads and stores, so that both are few: with a fragment for each pixel the same took twice as long.
 */
export const FORMATS = [
  'blank',
  'text',
  'planar',
  'cga',
  'indexed',
  'rgb15',
  'rgb16',
  'rgb24',
  'rgb32',
  'rgbx',
  'xrgb',
  'xbgr',
] as const;

/** Words of the uniform block, in the order of `Params`. */
export const PARAMS_WORDS = 16;
export const FLAG_LINE_GRAPHICS = 1;
export const FLAG_BLINKING = 2;
export const FLAG_TEXT_DARK = 4;
export const FLAG_CURSOR = 8;
export const PALETTE_WORDS = 256;
/** Invocations side by side in a workgroup, and what each makes of a line but in text modes. */
export const WORKGROUP = 32;
export const PIXELS_EACH = 8;

export const DECODE_SHADER = /* wgsl */ `
/** A pipeline is made for each format, so that nothing of the others is left in it. */
override format: u32 = 0;
/** Blue comes first in memory. */
override blueFirst: bool = false;

struct Params {
  mask: u32,
  doubling: u32,
  planes: u32,
  cellWidth: u32,
  flags: u32,
  font0: u32,
  font1: u32,
  cursor: u32,
  cursorFirst: u32,
  cursorLast: u32,
  width: u32,
  /** Pixels from one line to the next; a multiple of ${PIXELS_EACH}. */
  pitch: u32,
  /** First line. */
  top: u32,
  underline: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> memory: array<u32>;
/** The same memory. */
@group(0) @binding(2) var<storage, read> quads: array<vec4u>;
@group(0) @binding(3) var<storage, read> table: array<u32>;
@group(0) @binding(4) var<storage, read_write> pixels: array<u32>;

fn word(address: u32) -> u32 {
  return memory[(address & params.mask) >> 2u];
}

fn byte(address: u32) -> u32 {
  return (word(address) >> ((address & 3u) * 8u)) & 0xffu;
}

fn half(address: u32) -> u32 {
  return (word(address) >> ((address & 2u) * 8u)) & 0xffffu;
}

fn widen5(value: u32) -> u32 {
  return ((value & 31u) << 3u) | ((value & 31u) >> 2u);
}

/** From and to the order in which blue comes first; the highest byte becomes 255. */
fn turned(value: vec4u) -> vec4u {
  return ((value >> vec4u(16u)) & vec4u(0xffu)) | (value & vec4u(0xff00u)) | ((value & vec4u(0xffu)) << vec4u(16u)) | vec4u(0xff000000u);
}

/** Pixels of 32 bits in the order in which they are kept. */
fn kept(quad: vec4u) -> vec4u {
  let colors = select(quad, quad >> vec4u(8u), format >= 10u);
  return select(turned(colors), colors | vec4u(0xff000000u), (format == 8u || format == 11u) == blueFirst);
}

fn ordered(value: u32) -> u32 {
  if (blueFirst) { return turned(vec4u(value)).x; }
  return value;
}

fn cgaPixel(x: u32, address: u32) -> u32 {
  let value = word(address + (x >> 3u) * 4u);
  let plane = (x >> 2u) & 1u;
  let shift = 6u - 2u * (x & 3u) + 8u * plane;
  var color = 0u;
  if (((params.planes >> plane) & 1u) != 0u) { color = (value >> shift) & 3u; }
  if (((params.planes >> (plane + 2u)) & 1u) != 0u) { color = color | (((value >> (shift + 16u)) & 3u) << 2u); }
  return table[color];
}

fn rgbPixel(x: u32, address: u32) -> u32 {
  switch format {
    case 5u: {
      let value = half(address + 2u * x);
      return widen5(value >> 10u) | (widen5(value >> 5u) << 8u) | (widen5(value) << 16u) | 0xff000000u;
    }
    case 6u: {
      let value = half(address + 2u * x);
      let green = (value >> 5u) & 63u;
      return widen5(value >> 11u) | (((green << 2u) | (green >> 4u)) << 8u) | (widen5(value) << 16u) | 0xff000000u;
    }
    case 7u: {
      let at = address + 3u * x;
      return byte(at + 2u) | (byte(at + 1u) << 8u) | (byte(at) << 16u) | 0xff000000u;
    }
    default: { return ordered(kept(vec4u(word(address + 4u * x))).x); }
  }
}

fn planarColor(bits: u32) -> u32 {
  let color = (bits & 1u) | ((bits >> 7u) & 2u) | ((bits >> 14u) & 4u) | ((bits >> 21u) & 8u);
  return ordered(table[color & params.planes]);
}

/** A line of one character. */
fn textCell(column: u32, y: u32, address: u32, info: u32) {
  let glyphLine = info & 0xffu;
  let panning = info >> 8u;
  let cell = (address + column * 4u) & params.mask;
  let value = word(cell);
  let character = value & 0xffu;
  let style = (value >> 8u) & 0xffu;
  let font = select(params.font0, params.font1, (style & 8u) != 0u);
  // Nine dots, the first one in the highest bit.
  var dots = byte(font + character * 128u + glyphLine * 4u) << 1u;
  if ((params.flags & ${FLAG_LINE_GRAPHICS}u) != 0u && (character & 0xe0u) == 0xc0u) { dots = dots | ((dots >> 1u) & 1u); }
  if (glyphLine == params.underline && (style & 0x77u) == 1u) { dots = 0x1ffu; }
  var background = style >> 4u;
  if ((params.flags & ${FLAG_BLINKING}u) != 0u) {
    background = background & 7u;
    if ((style & 0x80u) != 0u && (params.flags & ${FLAG_TEXT_DARK}u) != 0u) { dots = 0u; }
  }
  if ((params.flags & ${FLAG_CURSOR}u) != 0u && cell == (params.cursor & params.mask)
    && glyphLine >= params.cursorFirst && glyphLine <= params.cursorLast) { dots = 0x1ffu; }
  let lit = ordered(table[style & 15u]);
  let dark = ordered(table[background]);
  let start = y * params.pitch;
  let left = column * params.cellWidth;
  let wide = select(0u, 1u, params.cellWidth == 16u);
  if (left >= panning && left + params.cellWidth - panning <= params.width) {
    for (var dot = 0u; dot < params.cellWidth; dot++) {
      pixels[start + left - panning + dot] = select(dark, lit, ((dots >> (8u - (dot >> wide))) & 1u) != 0u);
    }
    return;
  }
  for (var dot = 0u; dot < params.cellWidth; dot++) {
    let x = left + dot;
    if (x < panning || x - panning >= params.width) { continue; }
    pixels[start + x - panning] = select(dark, lit, ((dots >> (8u - (dot >> wide))) & 1u) != 0u);
  }
}

@compute @workgroup_size(${WORKGROUP}) fn decode(@builtin(global_invocation_id) id: vec3u) {
  let y = params.top + id.y;
  let address = table[${PALETTE_WORDS}u + 2u * y];
  let info = table[${PALETTE_WORDS}u + 2u * y + 1u];
  if (format == 1u) {
    if (id.x * params.cellWidth < params.width + (info >> 8u)) { textCell(id.x, y, address, info); }
    return;
  }
  let left = id.x * ${PIXELS_EACH}u;
  if (left >= params.pitch) { return; }
  let at = y * params.pitch + left;
  let panning = info >> 8u;
  if (format == 0u) {
    for (var i = 0u; i < ${PIXELS_EACH}u; i++) { pixels[at + i] = 0xff000000u; }
    return;
  }
  // The usual cases: no panning, eight pixels of one word, and quads that do not wrap.
  if (format == 2u && panning == 0u && params.doubling == 0u) {
    let bits = word(address + left / 2u);
    for (var i = 0u; i < 8u; i++) { pixels[at + i] = planarColor(bits >> (7u - i)); }
    return;
  }
  let first = (address + left * 4u) & params.mask;
  if (format >= 8u && panning == 0u && params.doubling == 0u && (first & 15u) == 0u && first + 28u <= params.mask) {
    for (var i = 0u; i < 8u; i += 4u) {
      let quad = quads[(first >> 4u) + (i >> 2u)];
      let color = kept(quad);
      pixels[at + i] = color.x;
      pixels[at + i + 1u] = color.y;
      pixels[at + i + 2u] = color.z;
      pixels[at + i + 3u] = color.w;
    }
    return;
  }
  for (var i = 0u; i < ${PIXELS_EACH}u; i++) {
    let x = ((left + i) >> params.doubling) + panning;
    var color: u32;
    switch format {
      case 2u: { color = planarColor(word(address + (x >> 3u) * 4u) >> (7u - (x & 7u))); }
      case 3u: { color = ordered(cgaPixel(x, address)); }
      case 4u: { color = ordered(table[byte(address + x)]); }
      default: { color = ordered(rgbPixel(x, address)); }
    }
    pixels[at + i] = color;
  }
}
`;

/**
 * The picture onto a canvas of another size. Hard pixels: the one at the middle of the canvas's pixel. Otherwise edges between the guest's pixels are as wide as
 * a pixel of the canvas, so that a picture that is made larger stays sharp; one that is made smaller takes the mean of what falls into a pixel.
 */
export const SHOW_SHADER = /* wgsl */ `
override hard: bool = false;

struct Scale {
  /** The guest's pixels to a pixel of the canvas. */
  step: vec2f,
}

@group(0) @binding(0) var<uniform> scale: Scale;
@group(0) @binding(1) var picture: texture_2d<f32>;

@vertex fn cover(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
  return vec4f(f32(i32(i & 1u) * 4 - 1), f32(i32(i >> 1u) * 4 - 1), 0.0, 1.0);
}

@fragment fn show(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let limit = vec2i(textureDimensions(picture)) - vec2i(1);
  let middle = position.xy * scale.step;
  if (hard) { return textureLoad(picture, min(vec2i(middle), limit), 0); }
  // What the canvas's pixel covers: from the one corner to the other.
  let low = middle - 0.5 * scale.step;
  let high = middle + 0.5 * scale.step;
  let first = min(vec2i(low), limit);
  let last = min(vec2i(ceil(high)) - vec2i(1), limit);
  var sum = vec4f(0.0);
  for (var y = first.y; y <= last.y; y++) {
    let height = min(high.y, f32(y + 1)) - max(low.y, f32(y));
    for (var x = first.x; x <= last.x; x++) {
      let width = min(high.x, f32(x + 1)) - max(low.x, f32(x));
      sum += textureLoad(picture, vec2i(x, y), 0) * (width * height);
    }
  }
  return vec4f(sum.rgb / (scale.step.x * scale.step.y), 1.0);
}
`;
