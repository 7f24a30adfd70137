const DAY = 24 * 60;
const DAY_STARTS = 4 * 60;
const MS_PER_MINUTE = 60_000;

function toMinutes(time) {
  const [hours, minutes] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

/**
 * How far the clock has to go forward from `start` to `end`: the distance on a dial, never negative.
 * On a dial midnight is a mark like any other, and no rule below needs to mention it.
 */
const minutesUntil = (start, end) => (end - start + DAY) % DAY;

function isOpen({ from, to }, time) {
  const length = minutesUntil(from, to) || DAY; // from = to: once around the dial
  return minutesUntil(from, time) < length;
}

export function waitMinutes(windows, time) {
  if (windows.length === 0) return null;

  const now = toMinutes(time);
  const dial = windows.map(({ from, to }) => ({ from: toMinutes(from), to: toMinutes(to) }));
  if (dial.some((window) => isOpen(window, now))) return 0;
  return Math.min(...dial.map(({ from }) => minutesUntil(now, from)));
}

/**
 * The wall clock, `minutes` after the instant, as ISO text. A Date moved by the offset and read as UTC *is* the local
 * clock, and it knows the lengths of all months.
 */
function localClock(instant, minutes) {
  return new Date(Date.parse(instant) + minutes * MS_PER_MINUTE).toISOString();
}

/** A day that begins at four is a calendar day on a clock that is four hours slow. */
export function serviceDay(instant, offsetMinutes) {
  return localClock(instant, offsetMinutes - DAY_STARTS).slice(0, 10);
}

export function nightReport(windows, offsetMinutes, arrivals) {
  const landings = arrivals.map((instant) => {
    const arrived = localClock(instant, offsetMinutes).slice(11, 16);
    const wait = waitMinutes(windows, arrived);
    return { arrived, wait, day: wait === null ? null : serviceDay(instant, offsetMinutes + wait) };
  });

  const waited = {};
  for (const { wait, day } of landings) {
    if (day !== null) waited[day] = (waited[day] ?? 0) + wait;
  }
  return { landings, waited };
}
