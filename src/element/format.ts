/** Numbers for people: binary sizes with decimal points, no locale surprises in tests. */

/** `1536` → `1.5 KB`; sizes as download managers show them (1 KB = 1024 bytes). */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** RAM in MiB → `512 MB`, `1.5 GB`. */
export function formatMemory(mib: number): string {
  return mib >= 1024 ? `${Number((mib / 1024).toFixed(1))} GB` : `${mib} MB`;
}

/** `93500` ms → `1 min 34 s`. */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1030000000` → `1.03 billion`. */
export function formatCount(count: number): string {
  if (count < 1e4) return String(count);
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} thousand`;
  if (count < 1e9) return `${(count / 1e6).toFixed(1)} million`;
  return `${(count / 1e9).toFixed(2)} billion`;
}
