/**
 * The peak that was there before anything was done. Linux lets a process that was made by exec alone begin with the peak of its parent: behind a
 * large worker it would look large for ever. Under bubblewrap, which forks, it begins with its own.
 */
const first = peakKb();

/** The largest resident memory of this process so far, in KB; what it has now, as long as its parent's peak hides its own. */
export function residentKb(): number {
  const peak = peakKb();
  return peak > first ? peak : (currentKb() ?? peak);
}

function peakKb(): number {
  return process.resourceUsage().maxRSS;
}

/** Null where there is no /proc, as under bubblewrap. */
function currentKb(): number | null {
  try {
    return Math.ceil(process.memoryUsage.rss() / 1024);
  } catch {
    return null;
  }
}
