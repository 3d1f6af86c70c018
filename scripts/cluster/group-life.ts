import { readdir, readFile } from 'node:fs/promises';

/** Whether a process of this group lives. The dead that their parent has not taken leave of yet (zombies) do not count. */
export async function isGroupAlive(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  // Someone is there; only Linux tells whether it is more than zombies.
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return pids.length === 0 || stats.some((stat) => isLivingMember(stat, group));
}

/** `pid (command) state parent group …`, where the command may hold anything. */
function isLivingMember(stat: string, group: number): boolean {
  const [state = 'X', , ofGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(ofGroup) === group && !'ZX'.includes(state);
}
