/* tests/litmus/lock_word.pml: the lock of a root, see memory/words.hpp,
 * transaction.cpp and engine::raise_waiters.
 *
 * Two lanes take and release one lock; one of them may die anywhere. The
 * release is a plain store: it lies in the lane's store buffer for a while
 * (pending), and may overwrite a waiters bit that was set meanwhile. A waiter
 * therefore looks on for as long as a store takes to arrive. What is left is a
 * holder that was stopped between its look and its store (slipped): then, and
 * only then, a waiter needs the end of its pause.
 *
 * Holds: one at a time; who was promised a wake gets it; a dead one's lock is
 * repaired before it is free. */
#define LANES 2
#define BIT 8
#define holder(w) ((w) & 7)

byte word;             /* {waiters, lane} */
byte held[LANES + 1];  /* the lane's cell: it may hold the lock */
bool name[LANES + 1];  /* waiting_for */
byte park[LANES + 1];
bool pending[LANES + 1];
bool dead[LANES + 1];
bool slipped;
byte deaths;
byte inside;

#define DIES(me) \
  if \
  :: true \
  :: atomic { deaths < 1 -> deaths++; dead[me] = true } goto gone \
  fi

inline wake(i) {
  i = 1;
  do
  :: i <= LANES -> if :: name[i] -> park[i]++ :: else fi; i++
  :: else -> break
  od
}

proctype lane(byte me) {
  byte seen, now, old, i;
#ifndef FAULT_CELL_BEHIND_LOCK
  held[me] = 1;
#endif
  DIES(me);
again:
  seen = park[me];
  atomic {
    now = word;
    if
    :: holder(now) == 0 -> word = me + (now & BIT); goto got
    :: else
    fi
  }
  name[me] = true;
#ifndef FAULT_NO_BIT
  atomic {
    if
    :: word != now -> goto again   /* the CAS fails: look again */
    :: else -> word = now | BIT
    fi
  }
#ifndef FAULT_NO_LOOK
  !pending[holder(now)];           /* a store takes no longer to arrive */
  if
  :: word != (now | BIT) -> goto again
  :: else
  fi
#endif
#endif
  DIES(me);
  if
  :: park[me] != seen
  :: slipped                       /* the pause has an end */
  fi;
  goto again;
got:
#ifdef FAULT_CELL_BEHIND_LOCK
  DIES(me);
  held[me] = 1;
#endif
  name[me] = false;
  inside++;
  assert(inside == 1);
  DIES(me);
  inside--;
  /* unlock_all() */
  old = word;
#ifdef FAULT_STORE_ALWAYS
  pending[me] = true;
  goto released;
#endif
  if
  :: old == me ->
     atomic {
       if :: word != me -> slipped = true :: else fi;
       pending[me] = true
     }
  :: else ->
     atomic { old = word; word = 0 }
     DIES(me);
     if :: (old & BIT) -> wake(i) :: else fi
  fi;
released:
  !pending[me];
  held[me] = 0;
gone:
  skip
}

/* Stores arrive some time, also those of the dead. */
proctype buffer(byte me) {
end:
  do
  :: atomic { pending[me] -> word = 0; pending[me] = false }
  od
}

/* Whoever waits for a dead one probes it, and sweeps. */
proctype sweeper() {
  byte x, i;
end:
  do
#ifdef FAULT_ROB_THE_LIVING
  :: atomic { x == 0 && inside == 1 && !dead[holder(word)] -> x = holder(word) }
     inside--;
     atomic { word = word & BIT; }
     wake(i)
#endif
  :: atomic { dead[1] && held[1] && !pending[1] -> x = 1 } break
  :: atomic { dead[2] && held[2] && !pending[2] -> x = 2 } break
  od;
#ifdef FAULT_RELEASE_FIRST
  bool mine = holder(word) == x && inside == 1;
  if :: holder(word) == x -> word = 0 :: else fi;
  if :: mine -> inside-- :: else fi;
#else
  if
  :: holder(word) == x ->
     if :: inside == 1 -> inside-- :: else fi;  /* its journal is settled */
     word = 0
  :: else
  fi;
#endif
  held[x] = 0;
  i = 1;
  do /* wake_everyone(): also for whom the dead one forgot */
  :: i <= LANES -> park[i]++; i++
  :: else -> break
  od
}

init {
  atomic {
    run lane(1); run lane(2);
    run buffer(1); run buffer(2);
    run sweeper()
  }
}
