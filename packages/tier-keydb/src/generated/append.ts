// Made from src/lua/append-2.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const appendScript: LuaScript<2> = {
  name: 'lockstep:append 0.1.0',
  keyCount: 2,
  sha1: '12e1a271bc0590b7c0edcc47549d410961e053ff',
  lua: `-- lockstep:append 0.1.0
local function newestOf(records)
  local last = redis.call('XREVRANGE', records, '+', '-', 'COUNT', 1)[1]
  return last and string.match(last[1], '^(%d+)-') or '0'
end
local head = redis.call('GET', KEYS[1]) or ''
local newest = newestOf(KEYS[2])
if head ~= ARGV[1] or tonumber(newest) >= tonumber(ARGV[3]) then return { 0, head, newest } end
local id = ARGV[3] .. '-0'
if ARGV[5] == '0' then
  redis.call('XADD', KEYS[2], id, 'r', ARGV[4])
else
  redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[5], id, 'r', ARGV[4])
end
redis.call('SET', KEYS[1], ARGV[2])
return { 1, ARGV[2], ARGV[3] }
`,
};
