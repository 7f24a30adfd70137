// Landing windows and working days. O. Brekke, for Capt. Falk, with compliments

const DAY = 24 * 60;

function toMinutes(time) {
  const [hours, minutes] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

function toTime(minutes) {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

export function waitMinutes(windows, time) {
  if (windows.length === 0) return null;

  for (const window of windows) {
    if (time >= window.from && time <= window.to) return 0;
  }

  // next one today
  for (const window of windows) {
    if (window.from > time) return toMinutes(window.from) - toMinutes(time);
  }

  // first one tomorrow
  return DAY - toMinutes(time) + toMinutes(windows[0].from);
}

export function serviceDay(instant, offsetMinutes) {
  const [year, month, day] = instant.slice(0, 10).split('-').map(Number);
  const hour = (Number(instant.slice(11, 13)) + offsetMinutes / 60) % 24;

  // before four it is still yesterday
  const serviceDate = hour < 4 ? day - 1 : day;
  return `${year}-${String(month).padStart(2, '0')}-${String(serviceDate).padStart(2, '0')}`;
}

export function nightReport(windows, offsetMinutes, arrivals) {
  const landings = [];
  const waited = {};

  for (const instant of arrivals) {
    const local = toMinutes(instant.slice(11, 16)) + offsetMinutes;
    const arrived = toTime(local % DAY);
    const wait = waitMinutes(windows, arrived);
    const day = wait === null ? null : serviceDay(instant, offsetMinutes);

    landings.push({ arrived, wait, day });
    if (day) waited[day] = (waited[day] || 0) + wait;
  }

  return { landings, waited };
}
