"""The arithmetic of `chatkit.limits.budget` as one Lua script, so that a step is one round trip and nobody comes between.

It differs from its model in one thing: whoever asks gets a time in the near future reserved, since those who wait cannot
be told when it is their turn. All times are the server's.

KEYS[1] is a hash: `at` and `closed` (seconds), and for each bucket `r:` rate, `s:` size, `l:` level, `g:` how much was
ever given. KEYS[2] is a sorted set of the places that are taken, by the time at which they fall free by themselves.
ARGV[1] is the name of a step, ARGV[2] its arguments as JSON.
"""

__all__ = ["SCRIPT"]

SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local given = cjson.decode(ARGV[2])
local state, flat = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do state[flat[i]] = tonumber(flat[i + 1]) end
local elapsed = math.max(0, now - (state.at or now))
state.at = now
for key, level in pairs(state) do
  local name = string.match(key, '^l:(.*)$')
  if name then state[key] = math.min(state['s:' .. name], level + elapsed * state['r:' .. name]) end
end

local function put(name, rate, size)
  if state['l:' .. name] == nil then state['l:' .. name] = size; state['g:' .. name] = 0 end
  state['r:' .. name] = rate; state['s:' .. name] = size
  state['l:' .. name] = math.min(size, state['l:' .. name])
end

local function save()
  local out = {}
  for key, value in pairs(state) do out[#out + 1] = key; out[#out + 1] = string.format('%.17g', value) end
  redis.call('HSET', KEYS[1], unpack(out))
  redis.call('EXPIRE', KEYS[1], given.keep)
end

local steps = {}

-- Reserve: {1, seconds to wait, now, names and counts ...}; {0, seconds to come again after, now} when that is too far off.
function steps.take()
  for name, bucket in pairs(given.buckets) do put(name, bucket[1], bucket[2]) end
  if given.place then
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
    if redis.call('ZCARD', KEYS[2]) >= given.places then save(); return {'0', tostring(given.again), tostring(now)} end
  end
  local due = math.max(now, state.closed or now)
  for name, amount in pairs(given.amounts) do
    local level = state['l:' .. name]
    if level then due = math.max(due, now + (math.min(amount, state['s:' .. name]) - level) / state['r:' .. name]) end
  end
  local wait = due - now
  local answer = {'1', string.format('%.6f', wait), string.format('%.6f', now)}
  if wait > given.horizon then
    save()
    answer[1] = '0'
    return answer
  end
  for name, amount in pairs(given.amounts) do
    if state['l:' .. name] then
      state['l:' .. name] = state['l:' .. name] - amount
      state['g:' .. name] = state['g:' .. name] + amount
      answer[#answer + 1] = name; answer[#answer + 1] = string.format('%.17g', state['g:' .. name])
    end
  end
  if given.place then
    redis.call('ZADD', KEYS[2], now + given.lease, given.place)
    redis.call('EXPIRE', KEYS[2], math.ceil(given.lease) + 1)
  end
  save()
  return answer
end

-- Replace what was taken by what was used, give the place back, and believe the provider where it has less.
function steps.settle()
  for name, used in pairs(given.settled) do
    local back, count, remaining = used[1], used[2], used[3]
    if state['l:' .. name] then
      state['g:' .. name] = state['g:' .. name] - back
      local level = math.min(state['s:' .. name], state['l:' .. name] + back)
      if remaining then
        local since = state['g:' .. name] - (count - back)
        level = math.min(level, remaining - since + state['r:' .. name] * (now - given.at))
      end
      state['l:' .. name] = level
    end
  end
  if given.place then redis.call('ZREM', KEYS[2], given.place) end
  save()
  return {'1'}
end

-- Give nothing for some seconds, and then no more at once than what was refused.
function steps.pause()
  state.closed = math.max(state.closed or now, now + given.seconds)
  for name, amount in pairs(given.amounts) do
    local level = state['l:' .. name]
    if level then state['l:' .. name] = math.min(level, amount - state['r:' .. name] * given.seconds) end
  end
  save()
  return {'1'}
end

function steps.learn()
  put(given.name, given.rate, given.size)
  save()
  return {'1'}
end

return steps[ARGV[1]]()
"""
