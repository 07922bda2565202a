/* tests/litmus/ring_cell.pml: messages between processes, see
 * memory/ring_cells.hpp, message/ring_producer.cpp and ring_consumer.cpp.
 *
 * Two senders push two messages each through a ring of two cells, one of them
 * may die anywhere, and one receiver takes them in the order of positions. A
 * cell's word is {state, sender, lap}; a payload is two words, whose stores may
 * arrive in any order until the word says FULL.
 *
 * Holds: each message arrives once at most, whole, in its sender's order; what
 * was FULL arrives; a claim of a dead sender stops nobody. */
#define CELLS 2
#define MESSAGES 2
#define FREE 0
#define CLAIMED 16
#define FULL 32
#define state(x) ((x) & 48)
#define lap(x) ((x) & 15)
#define sender(x) ((x) / 64)
#define w(st, who, l) ((st) + 64 * (who) + (l))

byte word[CELLS];
byte low[CELLS], high[CELLS];   /* the payload */
byte last[3];                   /* per sender: the last message that came */
byte sent[3];                   /* ...and that was FULL */
bool dead[3], ended[3];
byte deaths;

#define DIES(me) \
  if \
  :: true \
  :: atomic { deaths < 1 -> deaths++; dead[me] = true } goto gone \
  fi

proctype producer(byte me) {
  byte position = 0, message = 1, now, c, l;
  do
  :: message > MESSAGES -> break
  :: else ->
     c = position % CELLS;
     l = position / CELLS;
     now = word[c];
     if
     :: lap(now) == l && state(now) == FREE ->
        atomic {
          if
          :: word[c] == now -> word[c] = w(CLAIMED, me, l)
          :: else -> goto taken
          fi
        }
        DIES(me);
#ifdef FAULT_FULL_BEFORE_PAYLOAD
        word[c] = w(FULL, me, l);
        sent[me] = message;
#endif
        /* in any order */
        if
        :: low[c] = 4 * me + message; DIES(me); high[c] = 4 * me + message
        :: high[c] = 4 * me + message; DIES(me); low[c] = 4 * me + message
        fi;
        DIES(me);
#ifndef FAULT_FULL_BEFORE_PAYLOAD
        atomic { word[c] = w(FULL, me, l); sent[me] = message };
#endif
        DIES(me);
        message++
     :: lap(now) == l && state(now) != FREE -> skip
     :: lap(now) > l -> skip
     :: lap(now) < l -> position = position - 1 /* full: another try */
     fi;
taken:
     position++
  od;
gone:
  ended[me] = true
}

proctype consumer() {
  byte position = 0, now, c, l, a, b, who;
  do
  :: c = position % CELLS;
     l = position / CELLS;
     /* sleeps until there is something to see */
endless:
     (lap(word[c]) != l || state(word[c]) == FULL ||
      (state(word[c]) == CLAIMED &&
#ifdef FAULT_LIVING_SKIPPED
       true
#else
       dead[sender(word[c])]
#endif
      ));
     now = word[c];
     if
     :: lap(now) != l -> position++
     :: lap(now) == l && state(now) == FULL ->
#ifdef FAULT_EMPTIED_BEFORE_COPY
        word[c] = w(FREE, 0, l + 1);
        a = low[c];
        b = high[c];
#else
        if
        :: a = low[c]; b = high[c]
        :: b = high[c]; a = low[c]
        fi;
        atomic { word[c] == now -> word[c] = w(FREE, 0, l + 1) }
#endif
        assert(a == b);                     /* whole */
        who = sender(now);
        assert(a / 4 == who);
        assert(a % 4 == last[who] + 1);     /* once, in order */
        last[who] = a % 4;
        position++
#ifdef FAULT_DEAD_NOT_SKIPPED
     :: lap(now) == l && state(now) == CLAIMED -> false
#else
     :: lap(now) == l && state(now) == CLAIMED ->
        atomic {
          if
          :: word[c] == now -> word[c] = w(FREE, 0, l + 1)
          :: else
          fi
        }
#endif
     :: lap(now) == l && state(now) == FREE
     fi
  od
}

proctype judge() {
  timeout;
  assert(ended[1] && ended[2]);
  assert(last[1] == sent[1] && last[2] == sent[2]);
  assert(dead[1] || last[1] == MESSAGES);
  assert(dead[2] || last[2] == MESSAGES)
}

init {
  atomic { run producer(1); run producer(2); run consumer(); run judge() }
}
