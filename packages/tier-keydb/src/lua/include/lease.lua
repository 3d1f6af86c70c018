-- Parses a lease, `token deadlineMs waiting`; nil where there is none, or no readable one.
local function parseLease(text)
  if not text then return nil end
  local token, deadline, waiting = string.match(text, '^(%S+) (%d+) ([01])$')
  if not token then return nil end
  return { token = token, deadlineMs = tonumber(deadline), waiting = waiting }
end
