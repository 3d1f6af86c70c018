// Made from src/lua/settle-1.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const settleScript: LuaScript<1> = {
  name: 'lockstep:settle 0.1.0',
  keyCount: 1,
  sha1: '774de2f3f9239d236cac8231e0e2d8d6a4846a1a',
  lua: `-- lockstep:settle 0.1.0
redis.call('HDEL', KEYS[1], 'nothing')
local inForce = {}
for at = 1, #ARGV, 2 do
  local field = 'setting:' .. ARGV[at]
  redis.call('HSETNX', KEYS[1], field, ARGV[at + 1])
  inForce[#inForce + 1] = redis.call('HGET', KEYS[1], field)
end
return inForce
`,
};
