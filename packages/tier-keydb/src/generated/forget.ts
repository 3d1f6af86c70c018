// Made from src/lua/forget-1.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const forgetScript: LuaScript<1> = {
  name: 'lockstep:forget 0.1.0',
  keyCount: 1,
  sha1: 'ca04afd037b50712d57013550ef5772889fd806a',
  lua: `-- lockstep:forget 0.1.0
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`,
};
