// Floating-point kernel of npm run bench, all in doubles: the orbits of five bodies, the spectral norm of a matrix given by a
// formula, and a matrix product. Prints the bits of the results, which IEEE 754 fixes to the last one.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BODIES = 5, STEPS = 420000, NORM = 160, NORM_ROUNDS = 84, SIDE = 96, PRODUCTS = 84 };

struct Body { double x, y, z, vx, vy, vz, mass; };

static struct Body bodies[BODIES] = {
  {0, 0, 0, 0, 0, 0, 40},
  {5, -1, 0.25, 0.5, 2.75, -0.125, 0.04},
  {8, 4, -0.5, -1, 1.75, 0.0625, 0.01},
  {12, -15, -0.25, 1.0, 0.875, -0.03125, 0.002},
  {15, -25, 0.125, 0.75, 0.5, -0.046875, 0.002},
};

static void advance(double step) {
  for (int i = 0; i < BODIES; i++) {
    struct Body *a = &bodies[i];
    for (int j = i + 1; j < BODIES; j++) {
      struct Body *b = &bodies[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double square = dx * dx + dy * dy + dz * dz;
      double pull = step / (square * sqrt(square));
      a->vx -= dx * b->mass * pull;
      a->vy -= dy * b->mass * pull;
      a->vz -= dz * b->mass * pull;
      b->vx += dx * a->mass * pull;
      b->vy += dy * a->mass * pull;
      b->vz += dz * a->mass * pull;
    }
  }
  for (int i = 0; i < BODIES; i++) {
    bodies[i].x += step * bodies[i].vx;
    bodies[i].y += step * bodies[i].vy;
    bodies[i].z += step * bodies[i].vz;
  }
}

static double energy(void) {
  double total = 0;
  for (int i = 0; i < BODIES; i++) {
    const struct Body *a = &bodies[i];
    total += 0.5 * a->mass * (a->vx * a->vx + a->vy * a->vy + a->vz * a->vz);
    for (int j = i + 1; j < BODIES; j++) {
      double dx = a->x - bodies[j].x, dy = a->y - bodies[j].y, dz = a->z - bodies[j].z;
      total -= a->mass * bodies[j].mass / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return total;
}

static double entry(int row, int column) {
  return 1.0 / ((row + column) * (row + column + 1) / 2 + row + 1);
}

static void timesMatrix(const double *in, double *out, int transposed) {
  for (int i = 0; i < NORM; i++) {
    double sum = 0;
    for (int j = 0; j < NORM; j++) sum += (transposed ? entry(j, i) : entry(i, j)) * in[j];
    out[i] = sum;
  }
}

static double spectralNorm(void) {
  static double u[NORM], v[NORM], w[NORM];
  for (int i = 0; i < NORM; i++) u[i] = 1;
  for (int round = 0; round < NORM_ROUNDS; round++) {
    timesMatrix(u, w, 0);
    timesMatrix(w, v, 1);
    timesMatrix(v, w, 0);
    timesMatrix(w, u, 1);
  }
  double uv = 0, vv = 0;
  for (int i = 0; i < NORM; i++) {
    uv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  return sqrt(uv / vv);
}

static double product(void) {
  static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      a[i][j] = (i * 7 + j * 3) % 11 / 8.0;
      b[i][j] = (i * 5 - j * 2) % 13 / 16.0;
    }
  }
  double trace = 0;
  for (int round = 0; round < PRODUCTS; round++) {
    for (int i = 0; i < SIDE; i++) {
      for (int j = 0; j < SIDE; j++) {
        double sum = 0;
        for (int k = 0; k < SIDE; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
    }
    for (int i = 0; i < SIDE; i++) trace += c[i][i];
    for (int i = 0; i < SIDE; i++) for (int j = 0; j < SIDE; j++) a[i][j] = c[i][j] * 0.03125 + 0.5;
  }
  return trace;
}

static void show(const char *name, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  printf("%s %.9f %016llx\n", name, value, (unsigned long long)bits);
}

int main(void) {
  for (int step = 0; step < STEPS; step++) advance(0.001);
  show("energy", energy());
  show("norm", spectralNorm());
  show("trace", product());
  return 0;
}
