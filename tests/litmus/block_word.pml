/* tests/litmus/block_word.pml: who owns a block, see memory/words.hpp and
 * memory/journal.hpp.
 *
 * Two lanes take one block in turn, each in a transaction that commits (linked,
 * later dropped) or aborts; one of them may die anywhere, and a sweep replays
 * its journal. The word is {state, generation}; every step but the taking names
 * the word that it expects.
 *
 * Holds: never two owners; no block is lost, none is freed twice. */
#define FREE 0
#define RESERVED 16
#define LIVE 32
#define w(state, owner, gen) ((state) + 64 * (owner) + (gen))

byte word = FREE;     /* state 16|32, owner 64|128, generation below 16 */
byte intent[3];       /* each lane's journal: the word it wanted, or 0 */
bool committed[3];
bool dropping[3];     /* block_freed: intent is the LIVE that goes */
bool dead[3];
byte deaths;
byte owners;          /* lanes, and objects, that use the bytes */
bool linked;          /* an object leads to it */

#define gen(x) ((x) & 15)
#define state(x) ((x) & 48)
#define DIES(me) \
  if \
  :: true \
  :: atomic { deaths < 1 -> deaths++; dead[me] = true } goto gone \
  fi

/* Each is one step of the code; the ghost (owners) moves with the word. */
inline step(from, to, fewer) {
  atomic {
    if
    :: word == from -> word = to; owners = owners - fewer; assert(owners <= 1)
    :: else
    fi
  }
}

/* replay(): the same for commit, abort and sweep. */
inline replay(me) {
  if
  :: intent[me] == 0
  :: intent[me] != 0 && dropping[me] && committed[me] ->
#ifdef FAULT_FREED_BY_PLACE
     atomic { owners = owners - 1; word = FREE + gen(intent[me]) + 1 }
#else
     step(intent[me], FREE + gen(intent[me]) + 1, 1)
#endif
  :: intent[me] != 0 && dropping[me] && !committed[me]
  :: intent[me] != 0 && !dropping[me] && committed[me] ->
     step(intent[me], LIVE + gen(intent[me]), 0)
  :: intent[me] != 0 && !dropping[me] && !committed[me] ->
     step(intent[me], FREE + gen(intent[me]) + 1, 1)
  fi;
  intent[me] = 0
}

proctype lane(byte me) {
  byte now;
  byte round = 0;
again:
  if :: round == 2 -> goto gone :: else -> round++ fi;
  now = word;
  if
  :: state(now) == FREE && gen(now) < 8 ->
     committed[me] = false;
     dropping[me] = false;
#ifndef FAULT_INTENT_BEHIND_CAS
     intent[me] = w(RESERVED, me, gen(now) + 1);
#endif
     DIES(me);
     atomic {
       if
       :: word == now -> word = w(RESERVED, me, gen(now) + 1); owners++;
          assert(owners == 1)
       :: else -> intent[me] = 0; goto again
       fi
     }
     DIES(me);
#ifdef FAULT_INTENT_BEHIND_CAS
     intent[me] = w(RESERVED, me, gen(now) + 1);
#endif
     if
     :: atomic { committed[me] = true; linked = true }
     :: skip                    /* aborts */
     fi;
     DIES(me);
     replay(me);
     DIES(me);
     goto again
  :: atomic { state(now) == LIVE && linked && word == now && owners == 1 ->
     /* the object's lock is held from here on */
     linked = false };
     committed[me] = false;
     dropping[me] = true;
     intent[me] = now;
     DIES(me);
     atomic { committed[me] = true };
     DIES(me);
     replay(me);
     DIES(me);
     goto again
  :: else -> goto again
  fi;
gone:
  skip
}

/* The sweep of a dead lane; may itself be cut off and begun again. */
proctype sweeper() {
  byte x, cuts;
end:
  if
  :: dead[1] -> x = 1
  :: dead[2] -> x = 2
  fi;
  do
  :: replay(x); break
  :: cuts < 1 && intent[x] != 0 && !dropping[x] && !committed[x] ->
     /* cut between the step and the end of the journal */
     cuts++;
     step(intent[x], FREE + gen(intent[x]) + 1, 1)
  :: cuts < 1 && intent[x] != 0 && dropping[x] && committed[x] ->
     cuts++;
#ifdef FAULT_FREED_BY_PLACE
     atomic { owners = owners - 1; word = FREE + gen(intent[x]) + 1 }
#else
     step(intent[x], FREE + gen(intent[x]) + 1, 1)
#endif
  od;
  /* A dead lane's drop that was not committed: the object keeps it. */
  if :: dropping[x] && !committed[x] -> linked = true :: else fi;
}

/* At the end the word says what is so. */
proctype judge() {
  timeout;
  assert(state(word) != RESERVED);
  assert((state(word) == LIVE) == (owners == 1));
  assert((state(word) == LIVE) == linked)
}

init {
  atomic { run lane(1); run lane(2); run sweeper(); run judge() }
}
