/**
 * The shaders: a triangle that covers the target, and a fragment for each pixel that reads the guest's memory as decode.ts does.
 * Formats are numbered by FORMATS; `line` is the table of line-table.ts behind the palette.
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
] as const;

/** Words of the uniform block, in the order of `Params`. */
export const PARAMS_WORDS = 16;
export const FLAG_LINE_GRAPHICS = 1;
export const FLAG_BLINKING = 2;
export const FLAG_TEXT_DARK = 4;
export const FLAG_CURSOR = 8;
export const PALETTE_WORDS = 256;

export const SHADER = /* wgsl */ `
/** A pipeline is made for each format, so that nothing of the others is left in it. */
override format: u32 = 0;

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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> memory: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<u32>;

@vertex fn cover(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
  return vec4f(f32(i32(i & 1u) * 4 - 1), f32(i32(i >> 1u) * 4 - 1), 0.0, 1.0);
}

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

fn textPixel(x: u32, address: u32, glyphLine: u32) -> u32 {
  var dot = x % params.cellWidth;
  let cell = (address + x / params.cellWidth * 4u) & params.mask;
  let value = word(cell);
  let character = value & 0xffu;
  let style = (value >> 8u) & 0xffu;
  let font = select(params.font0, params.font1, (style & 8u) != 0u);
  let glyph = byte(font + character * 128u + glyphLine * 4u);
  if (params.cellWidth == 16u) { dot = dot >> 1u; }
  var lit = false;
  if (dot < 8u) { lit = ((glyph >> (7u - dot)) & 1u) != 0u; }
  else { lit = (params.flags & ${FLAG_LINE_GRAPHICS}u) != 0u && (character & 0xe0u) == 0xc0u && (glyph & 1u) != 0u; }
  var background = style >> 4u;
  if ((params.flags & ${FLAG_BLINKING}u) != 0u) {
    background = background & 7u;
    if ((style & 0x80u) != 0u && (params.flags & ${FLAG_TEXT_DARK}u) != 0u) { lit = false; }
  }
  if ((params.flags & ${FLAG_CURSOR}u) != 0u && cell == (params.cursor & params.mask)
    && glyphLine >= params.cursorFirst && glyphLine <= params.cursorLast) { lit = true; }
  return table[select(background, style & 15u, lit)];
}

fn planarPixel(x: u32, address: u32) -> u32 {
  let bits = word(address + (x >> 3u) * 4u) >> (7u - (x & 7u));
  let color = (bits & 1u) | ((bits >> 7u) & 2u) | ((bits >> 14u) & 4u) | ((bits >> 21u) & 8u);
  return table[color & params.planes];
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
      return widen5(value >> 10u) | (widen5(value >> 5u) << 8u) | (widen5(value) << 16u);
    }
    case 6u: {
      let value = half(address + 2u * x);
      let green = (value >> 5u) & 63u;
      return widen5(value >> 11u) | (((green << 2u) | (green >> 4u)) << 8u) | (widen5(value) << 16u);
    }
    case 7u: {
      let at = address + 3u * x;
      return byte(at + 2u) | (byte(at + 1u) << 8u) | (byte(at) << 16u);
    }
    default: {
      let value = word(address + 4u * x);
      return ((value >> 16u) & 0xffu) | (value & 0xff00u) | ((value & 0xffu) << 16u);
    }
  }
}

@fragment fn draw(@builtin(position) position: vec4f) -> @location(0) vec4f {
  if (format == 0u) { return vec4f(0.0, 0.0, 0.0, 1.0); }
  let y = u32(position.y);
  let address = table[${PALETTE_WORDS}u + 2u * y];
  let line = table[${PALETTE_WORDS}u + 2u * y + 1u];
  let x = (u32(position.x) >> params.doubling) + (line >> 8u);
  var color: u32;
  switch format {
    case 1u: { color = textPixel(x, address, line & 0xffu); }
    case 2u: { color = planarPixel(x, address); }
    case 3u: { color = cgaPixel(x, address); }
    case 4u: { color = table[byte(address + x)]; }
    default: { color = rgbPixel(x, address); }
  }
  return vec4f(unpack4x8unorm(color).rgb, 1.0);
}
`;
