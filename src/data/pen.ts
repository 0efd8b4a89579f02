// A pen: turns a shape into pixels. Points are bent by a random affine map and a smooth random displacement field, the path is
// flattened into segments, and each pixel takes the ink of the nearest part of the path. Nothing here allocates per glyph.

import type { Stream } from "./stream.ts";
import type { Shape, Style } from "./strokes.ts";

const maxPoints = 64;
const maxVertices = 1024;
/** Side of an image, and of the square the ink is fitted into, in pixels (as in MNIST). */
export const side = 28;
const box = 20;
const fieldNodes = 6;

const pointX = new Float64Array(maxPoints);
const pointY = new Float64Array(maxPoints);
const vertexX = new Float64Array(maxVertices);
const vertexY = new Float64Array(maxVertices);
const radius = new Float64Array(maxVertices);
/** 1 where a segment runs from this vertex to the next one. */
const connected = new Uint8Array(maxVertices);
const fieldX = new Float64Array(fieldNodes * fieldNodes);
const fieldY = new Float64Array(fieldNodes * fieldNodes);
const ink = new Float64Array(side * side);
const mixture = new Float64Array(16);
const basisX = new Float64Array(4);
const basisY = new Float64Array(4);

/** Writes one glyph of one of `styles` into `pixels[offset … offset + 784)`, which must be zero. */
export function writeGlyph(styles: readonly Style[], random: Stream, pixels: Uint8Array, offset: number): void {
  const style = pickStyle(styles, random);
  mixKeys(style.keys, random);
  const joint = style.keys[0].joint;
  bend(joint.length, random);
  const vertices = flatten(joint);
  stretch(vertices, random);
  const halfWidth = fitBox(vertices, random);
  draw(vertices, halfWidth, random);
  stamp(random, pixels, offset);
}

function pickStyle(styles: readonly Style[], random: Stream): Style {
  let total = 0;
  for (const s of styles) total += s.weight;
  let at = random.uniform() * total;
  for (const s of styles) {
    at -= s.weight;
    if (at < 0) return s;
  }
  return styles[styles.length - 1];
}

/** A random mixture of the keys (cubed uniforms: most glyphs stay near one or two keys), and a tremor of each point. */
function mixKeys(keys: readonly Shape[], random: Stream): void {
  let total = 0;
  for (let k = 0; k < keys.length; k++) {
    const u = random.uniform();
    mixture[k] = u * u * u + 1e-3;
    total += mixture[k];
  }
  const tremor = random.between(0.5, 1.5);
  const n = keys[0].x.length;
  for (let i = 0; i < n; i++) {
    let x = 0;
    let y = 0;
    for (let k = 0; k < keys.length; k++) {
      x += mixture[k] * keys[k].x[i];
      y += mixture[k] * keys[k].y[i];
    }
    pointX[i] = x / total + tremor * random.bell();
    pointY[i] = y / total + tremor * random.bell();
  }
}

/** Adds a smooth random displacement: a uniform cubic B-spline over a 6 × 6 lattice of random vectors. */
function bend(n: number, random: Stream): void {
  const strength = random.between(1.5, 6);
  for (let i = 0; i < fieldNodes * fieldNodes; i++) {
    fieldX[i] = strength * random.bell();
    fieldY[i] = strength * random.bell();
  }
  for (let i = 0; i < n; i++) {
    const column = splineBasis((pointX[i] + 20) / 40, basisX);
    const row = splineBasis((pointY[i] + 10) / 40, basisY);
    let dx = 0;
    let dy = 0;
    for (let r = 0; r < 4; r++) {
      for (let c = 0; c < 4; c++) {
        const w = basisY[r] * basisX[c];
        const node = (row + r) * fieldNodes + column + c;
        dx += w * fieldX[node];
        dy += w * fieldY[node];
      }
    }
    pointX[i] += dx;
    pointY[i] += dy;
  }
}

/** Weights of the four lattice nodes around `t` (clamped to the lattice); returns the first of them. */
function splineBasis(t: number, weights: Float64Array): number {
  const inside = Math.min(Math.max(t, 0), fieldNodes - 3 - 1e-9);
  const cell = Math.floor(inside);
  const u = inside - cell;
  const v = 1 - u;
  weights[0] = (v * v * v) / 6;
  weights[1] = (3 * u * u * u - 6 * u * u + 4) / 6;
  weights[2] = (3 * v * v * v - 6 * v * v + 4) / 6;
  weights[3] = (u * u * u) / 6;
  return cell;
}

/** Catmull-Rom through the points, broken at corners, as vertices about 5 units apart. Returns how many there are. */
function flatten(joint: Uint8Array): number {
  let vertices = 0;
  for (let i = 0; i < joint.length; i++) {
    if (joint[i] === 2) {
      vertexX[vertices] = pointX[i];
      vertexY[vertices] = pointY[i];
      connected[vertices++] = 0;
      continue;
    }
    const startsHere = i === 0 || joint[i - 1] === 2 || joint[i] === 1;
    const endsThere = joint[i + 1] !== 0;
    const x1 = pointX[i];
    const y1 = pointY[i];
    const x2 = pointX[i + 1];
    const y2 = pointY[i + 1];
    const x0 = startsHere ? 2 * x1 - x2 : pointX[i - 1];
    const y0 = startsHere ? 2 * y1 - y2 : pointY[i - 1];
    const x3 = endsThere ? 2 * x2 - x1 : pointX[i + 2];
    const y3 = endsThere ? 2 * y2 - y1 : pointY[i + 2];
    const length = Math.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1));
    const steps = Math.min(12, Math.max(1, Math.round(length / 5)));
    for (let s = 0; s < steps; s++) {
      const t = s / steps;
      vertexX[vertices] = catmullRom(x0, x1, x2, x3, t);
      vertexY[vertices] = catmullRom(y0, y1, y2, y3, t);
      connected[vertices++] = 1;
    }
  }
  return vertices;
}

function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/** Random aspect, slant and rotation. */
function stretch(vertices: number, random: Stream): void {
  const aspect = 1 + 0.13 * random.bell();
  const slant = 0.1 + 0.2 * random.bell();
  const angle = 0.07 * random.bell();
  // Taylor polynomials, because Math.sin may differ between engines; |angle| < 0.5.
  const square = angle * angle;
  const sin = angle * (1 - (square / 6) * (1 - square / 20));
  const cos = 1 - (square / 2) * (1 - (square / 12) * (1 - square / 30));
  for (let i = 0; i < vertices; i++) {
    const x = vertexX[i] * aspect - slant * vertexY[i];
    const y = vertexY[i];
    vertexX[i] = cos * x - sin * y;
    vertexY[i] = sin * x + cos * y;
  }
}

/** Scales the path so that its ink fits the 20 × 20 box about the centre of the image; returns half the pen's width in pixels. */
function fitBox(vertices: number, random: Stream): number {
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (let i = 0; i < vertices; i++) {
    left = Math.min(left, vertexX[i]);
    right = Math.max(right, vertexX[i]);
    top = Math.min(top, vertexY[i]);
    bottom = Math.max(bottom, vertexY[i]);
  }
  const halfWidth = random.between(0.75, 1.85);
  const extent = Math.max(right - left, bottom - top);
  const scale = ((box - 2 * halfWidth) / extent) * random.between(0.89, 1);
  const shiftX = side / 2 - (scale * (left + right)) / 2 + random.between(-0.5, 0.5);
  const shiftY = side / 2 - (scale * (top + bottom)) / 2 + random.between(-0.5, 0.5);
  for (let i = 0; i < vertices; i++) {
    vertexX[i] = scale * vertexX[i] + shiftX;
    vertexY[i] = scale * vertexY[i] + shiftY;
  }
  return halfWidth;
}

/** Fills `ink` with coverage in [0, 1]: 1 inside the stroke, falling to 0 over `edge` pixels across its border. */
function draw(vertices: number, halfWidth: number, random: Stream): void {
  ink.fill(0);
  const edge = random.between(0.9, 1.6);
  const pressure = 0.14 * random.bell();
  const grain = random.between(0, 0.12);
  let wander = 0;
  for (let i = 0; i < vertices; i++) {
    wander = 0.8 * wander + grain * random.bell();
    const along = i / vertices - 0.5;
    radius[i] = halfWidth * Math.min(1.5, Math.max(0.6, 1 + pressure * along * 2 + wander));
  }
  const inverse = 1 / edge;
  for (let i = 0; i < vertices; i++) {
    if (connected[i] === 0) continue;
    const ax = vertexX[i];
    const ay = vertexY[i];
    const dx = vertexX[i + 1] - ax;
    const dy = vertexY[i + 1] - ay;
    const lengthSquared = dx * dx + dy * dy + 1e-12;
    const ra = radius[i];
    const dr = radius[i + 1] - ra;
    const reach = Math.max(ra, ra + dr) + edge / 2;
    const x0 = Math.max(0, Math.ceil(Math.min(ax, ax + dx) - reach - 0.5));
    const x1 = Math.min(side - 1, Math.floor(Math.max(ax, ax + dx) + reach - 0.5));
    const y0 = Math.max(0, Math.ceil(Math.min(ay, ay + dy) - reach - 0.5));
    const y1 = Math.min(side - 1, Math.floor(Math.max(ay, ay + dy) + reach - 0.5));
    for (let y = y0; y <= y1; y++) {
      for (let x = x0; x <= x1; x++) {
        const px = x + 0.5 - ax;
        const py = y + 0.5 - ay;
        const t = Math.min(1, Math.max(0, (px * dx + py * dy) / lengthSquared));
        const ex = px - t * dx;
        const ey = py - t * dy;
        const coverage = (ra + t * dr - Math.sqrt(ex * ex + ey * ey)) * inverse + 0.5;
        if (coverage > ink[y * side + x]) ink[y * side + x] = Math.min(coverage, 1);
      }
    }
  }
}

/**
 * Copies the ink as grey levels, moved by whole pixels so that its centre of mass falls near the centre of the image. People do not
 * place digits exactly, and the two pixels that it may be out are what a linear classifier cannot follow and a network can.
 */
function stamp(random: Stream, pixels: Uint8Array, offset: number): void {
  let mass = 0;
  let massX = 0;
  let massY = 0;
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i++) {
      mass += ink[i];
      massX += ink[i] * (x + 0.5);
      massY += ink[i] * (y + 0.5);
    }
  }
  const shiftX = Math.round(side / 2 - massX / mass + random.between(-2.3, 2.3));
  const shiftY = Math.round(side / 2 - massY / mass + random.between(-2.3, 2.3));
  for (let y = Math.max(0, shiftY); y < Math.min(side, side + shiftY); y++) {
    for (let x = Math.max(0, shiftX); x < Math.min(side, side + shiftX); x++) {
      pixels[offset + y * side + x] = Math.round(255 * ink[(y - shiftY) * side + x - shiftX]);
    }
  }
}
