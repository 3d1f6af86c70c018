// Made from src/lua/beat-1.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const beatScript: LuaScript<1> = {
  name: 'lockstep:beat 0.1.0',
  keyCount: 1,
  sha1: '44cad7797d8b717e9bb68795c05a4ace42041f52',
  lua: `-- lockstep:beat 0.1.0
redis.call('HDEL', KEYS[1], ARGV[1])
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
`,
};
