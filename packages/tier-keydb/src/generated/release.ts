// Made from src/lua/release-1.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const releaseScript: LuaScript<1> = {
  name: 'lockstep:release 0.1.0',
  keyCount: 1,
  sha1: 'f3b0f210b2e0151610c35ae8772f842a842f682d',
  lua: `-- lockstep:release 0.1.0
local function parseLease(text)
  if not text then return nil end
  local token, deadline, waiting = string.match(text, '^(%S+) (%d+) ([01])$')
  if not token then return nil end
  return { token = token, deadlineMs = tonumber(deadline), waiting = waiting }
end
local lease = parseLease(redis.call('HGET', KEYS[1], ARGV[1]))
if not lease or lease.token ~= ARGV[2] then return '0' end
redis.call('HDEL', KEYS[1], ARGV[1])
return lease.waiting
`,
};
