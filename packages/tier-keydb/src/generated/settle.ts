// Made from src/lua/settle-1.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const settleScript: LuaScript<1> = {
  name: 'lockstep:settle 0.1.0',
  keyCount: 1,
  sha1: '4bf14c940aa6d902da15c9fa3cacd8a3a2e85e58',
  lua: `-- lockstep:settle 0.1.0
local inForce = {}
for at = 1, #ARGV, 2 do
  local field = 'setting:' .. ARGV[at]
  redis.call('HSETNX', KEYS[1], field, ARGV[at + 1])
  inForce[#inForce + 1] = redis.call('HGET', KEYS[1], field)
end
return inForce
`,
};
