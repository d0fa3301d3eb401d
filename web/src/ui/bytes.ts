// Sizes as people read them, in powers of ten, as file managers and disks count.

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** "0 bytes", "1 byte", "1.5 kB", "12 MB". */
export function sizeText(bytes: number): string {
  if (bytes === 1) return "1 byte";
  let value = bytes;
  let unit = 0;
  // 999.95 would be rounded to 1000.
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, "")} ${UNITS[unit]}`;
}
