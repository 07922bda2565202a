// format.js: numbers and times as people read them.

const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** 1536 → "1.5 KiB"; `round`: without the part behind the point. */
export function bytes(count, round = false) {
  if (!Number.isFinite(count)) return '–';
  let step = 0;
  let value = Math.abs(count);
  while (value >= 1023.95 && step < steps.length - 1) {
    value /= 1024;
    ++step;
  }
  const digits = step === 0 || value >= 99.95 || round ? 0 : 1;
  return `${count < 0 ? '-' : ''}${value.toFixed(digits)} ${steps[step]}`;
}

export const rate = (perSecond, round = false) =>
  Number.isFinite(perSecond) ? `${bytes(perSecond, round)}/s` : '–';

export const percent = (value, digits = 1) =>
  Number.isFinite(value) ? `${value.toFixed(digits)} %` : '–';

/** 40 → "40 ms", 3200 → "3.2 s", 90000 → "1 min 30 s". */
export function span(ms) {
  if (!Number.isFinite(ms)) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min`
                    : `${Math.floor(hours / 24)} days`;
}

/** As `span`, but in whole seconds: for what is counted by eye. */
export const seconds = (ms) =>
  ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : span(ms);

/** Seconds since 1970 → "14:03:07". */
export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString([], {hour12: false});

/** Whole numbers beyond 2^53 arrive as texts. */
export const number = (value) =>
  typeof value === 'string' ? Number(value) : value;
