/* tests/litmus/loan_holders.pml: who frees a block that several read, see
 * memory/loan_holders.hpp.
 *
 * A block lies in a topic in its first life. Two subscribers, with a bit in each
 * of the two holder words, take it, look at it and drop it; a publisher evicts
 * it. One of the three may die anywhere, and a sweep does what it left. Whoever
 * finds the block free lends and publishes it again, in its second life, in
 * which a third subscriber takes it; steps of the first life may come as late as
 * they like.
 *
 * Holds: a block that somebody holds is not free; each life ends once; a block
 * that was evicted ends; nobody of the first life touches the second. */
#define LIFE(x) ((x) & 3)
#define RETIRED 4
#define BIT 8
#define IN_TOPIC 16

byte holders[2];     /* {life, retired, bit} */
byte word;           /* {life, IN_TOPIC} */
byte holding[4];     /* by subscriber: the life of what it looks at */
byte ends[3];        /* by life */
bool dead[3];        /* 0 publisher, 1 and 2 subscribers */
bool done[3];
bool swept[3];
bool retired_second; /* somebody of the first life did it */
byte deaths;

#define OVER(x, l) ((x) == ((l) + RETIRED))

#define DIES(me) \
  if \
  :: true \
  :: atomic { deaths < 1 -> deaths++; dead[me] = true } goto gone \
  fi

/* the block's own word lets one of them free it */
inline free_it(l) {
  atomic {
    if
#ifdef FAULT_FREED_IN_ANY_LIFE
    :: word & IN_TOPIC ->
#else
    :: word == IN_TOPIC + l ->
#endif
       assert(holding[1] != LIFE(word) && holding[2] != LIFE(word) &&
              holding[3] != LIFE(word));
       ends[LIFE(word)]++;
       word = LIFE(word)
    :: else
    fi
  }
}

/* is_unheld(), in either order */
inline look_and_free(l) {
  if
  :: first = holders[0]; second = holders[1]
  :: second = holders[1]; first = holders[0]
  fi;
  if
  :: OVER(first, l) && OVER(second, l) -> free_it(l)
  :: else
  fi
}

inline retire_word(n, old) {
  atomic {
    old = holders[n];
    if
#ifdef FAULT_RETIRED_IN_ANY_LIFE
    :: !(old & RETIRED) ->
#else
    :: LIFE(old) == 1 && !(old & RETIRED) ->
#endif
       holders[n] = old | RETIRED;
       if
       :: LIFE(old) == 2 -> retired_second = true
       :: else
       fi
    :: else
    fi
  }
}

proctype publisher() {
  byte first, second, old0, old1;
  retire_word(0, old0);
  DIES(0);
  retire_word(1, old1);
  DIES(0);
#ifdef FAULT_NO_SECOND_LOOK
  /* what the words were when they were retired */
  if
  :: !(old0 & BIT) && !(old1 & BIT) -> free_it(1)
  :: else
  fi;
#else
  look_and_free(1);
#endif
gone:
  done[0] = true
}

proctype subscriber(byte me) {
  byte first, second, now, n = me - 1;
  atomic {
    now = holders[n];
    if
#ifdef FAULT_TAKEN_WHEN_RETIRED
    :: LIFE(now) == 1 ->
#else
    :: LIFE(now) == 1 && !(now & RETIRED) ->
#endif
       holders[n] = now | BIT;
       holding[me] = 1
    :: else -> goto gone
    fi
  }
  DIES(me);
  assert(word == IN_TOPIC + 1);
#ifdef FAULT_LOOK_BEFORE_DROP
  first = holders[1 - n];
  atomic {
    holding[me] = 0;
    holders[n] = holders[n] & ~BIT
  }
  second = holders[n];
  if
  :: OVER(first, 1) && OVER(second, 1) -> free_it(1)
  :: else
  fi;
#else
  atomic {
    holding[me] = 0;
    holders[n] = holders[n] & ~BIT
  }
  DIES(me);
  look_and_free(1);
#endif
gone:
  done[me] = true
}

/* What a sweep does for the one that died. */
proctype sweeper() {
  byte first, second, old, me;
  if
  :: dead[0] -> me = 0
  :: dead[1] -> me = 1
  :: dead[2] -> me = 2
  :: timeout -> goto gone
  fi;
  if
  :: me == 0 ->
     retire_word(0, old);
     retire_word(1, old)
  :: else ->
     atomic {
       holding[me] = 0;
       if
       :: LIFE(holders[me - 1]) == 1 ->
          holders[me - 1] = holders[me - 1] & ~BIT
       :: else
       fi
     }
  fi;
#ifndef FAULT_SWEPT_WITHOUT_LOOK
  look_and_free(1);
#endif
gone:
  skip
}

/* Lends it again, publishes it, and has a subscriber of its own. */
proctype next_life() {
  if
  :: word == 1 -> word = 2 /* OWNED */
  :: timeout -> goto gone
  fi;
  holders[0] = 2;
  holders[1] = 2;
  word = IN_TOPIC + 2;
  atomic {
    if
    :: holders[0] == 2 -> holders[0] = 2 + BIT; holding[3] = 2
    :: else
    fi
  }
  assert(!retired_second);
gone:
  skip
}

proctype judge() {
  done[0] && done[1] && done[2];
  timeout;
  assert(ends[1] == 1);
  assert(ends[2] == 0);
  assert(!retired_second)
}

init {
  atomic {
    holders[0] = 1;
    holders[1] = 1;
    word = IN_TOPIC + 1;
    run publisher();
    run subscriber(1);
    run subscriber(2);
    run sweeper();
    run next_life();
    run judge()
  }
}
