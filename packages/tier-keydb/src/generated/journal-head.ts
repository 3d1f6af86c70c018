// Made from src/lua/journal-head-2.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const journalHeadScript: LuaScript<2> = {
  name: 'lockstep:journal-head 0.1.0',
  keyCount: 2,
  sha1: '4e7f47be4b32ca427ec0f7b413b07664118e3632',
  lua: `-- lockstep:journal-head 0.1.0
local function newestOf(records)
  local last = redis.call('XREVRANGE', records, '+', '-', 'COUNT', 1)[1]
  return last and string.match(last[1], '^(%d+)-') or '0'
end
return { redis.call('GET', KEYS[1]) or '', newestOf(KEYS[2]) }
`,
};
