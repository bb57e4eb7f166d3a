// All groups, by the name of their fixture.
import { address } from './groups-address.mjs';
import { alu, unary } from './groups-alu.mjs';
import { bitGroup, bmi, exchange } from './groups-bits.mjs';
import { conditions } from './groups-cc.mjs';
import { decimal, multiply } from './groups-muldiv.mjs';
import { shift } from './groups-shift.mjs';
import { sseConvert, sseFloat, sseQuick } from './groups-sse-float.mjs';
import { stack } from './groups-stack.mjs';
import { strings } from './groups-string.mjs';
import { mmx, sseInteger, textCompare } from './groups-vector.mjs';
import { x87Edges, x87Rounds } from './groups-x87-edges.mjs';
import { x87Arithmetic, x87Functions, x87Memory } from './groups-x87.mjs';

const both = (name, make) => ({ [`${name}64`]: () => make(64), [`${name}32`]: () => make(32) });

export const GROUPS = {
  ...both('alu', alu),
  ...both('unary', unary),
  ...both('shift', shift),
  ...both('muldiv', multiply),
  decimal32: decimal,
  ...both('bits', bitGroup),
  ...both('bmi', bmi),
  ...both('cmpxchg', exchange),
  ...both('conditions', conditions),
  ...both('stack', stack),
  ...both('string', strings),
  ...both('address', address),
  ...both('mmx', mmx),
  ...both('sse-int', sseInteger),
  ...both('sse-text', textCompare),
  'sse-f32-64': () => sseFloat(64, 32),
  'sse-f64-64': () => sseFloat(64, 64),
  'sse-f32-32': () => sseFloat(32, 32),
  ...both('sse-convert', sseConvert),
  'sse-quick64': () => sseQuick(64),
  ...both('x87-arith', x87Arithmetic),
  ...both('x87-memory', x87Memory),
  ...both('x87-functions', x87Functions),
  ...both('x87-edges', x87Edges),
  'x87-rounds64': () => x87Rounds(64),
};
