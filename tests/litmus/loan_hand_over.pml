/* tests/litmus/loan_hand_over.pml: a loan goes along with a message, see
 * memory/loan_words.hpp, message/ring_producer.cpp and memory/ring_repair.cpp.
 *
 * A sender puts a loan's word and a cell's by plain stores, which arrive late
 * but in order, and then looks at two words of the reader: is it still there,
 * and does it sleep? The reader takes the message or sleeps, and may die
 * anywhere; then a sweep closes its ring, empties it and frees what is the dead
 * one's.
 *
 * Holds: a reader that lives gets the message, with its loan, however it waits;
 * of one that died the loan is the sender's again, or freed, never lost. */
#define FREE 0
#define CLAIMED 1
#define FULL 2
/* The loan's word */
#define SENDERS 3
#define IN_RING 4
#define READERS 5

byte cell = FREE;
byte word = SENDERS;
bool open = true;         /* the ring's `reader` is the tag that is sent to */
bool sleeper, woken;
bool word_late, cell_late; /* on their way from the sender's core */
bool dead, got, kept, ended;

#define DIES if :: true :: dead = true; goto gone fi

proctype sender() {
  bool mine = false;
  cell = CLAIMED;
  word_late = true;
  cell_late = true;
#ifndef FAULT_NO_FENCE
  (!word_late && !cell_late);
#endif
  if
  :: !open ->
     /* a compare-and-swap comes behind one's own stores */
     (!word_late && !cell_late);
     atomic { if :: cell == FULL -> cell = CLAIMED; mine = true :: else fi };
     if
     :: mine ->
        atomic {
          if
          :: word == IN_RING -> word = SENDERS; kept = true
          :: else
          fi
        };
        cell = FREE
     :: else
     fi
  :: open && sleeper -> woken = true
  :: open && !sleeper
  fi;
  ended = true
}

proctype core() {
end:
  do
  :: atomic { word_late -> word = IN_RING; word_late = false }
#ifdef FAULT_CELL_BEFORE_WORD
  :: atomic { cell_late -> cell = FULL; cell_late = false }
#else
  :: atomic { cell_late && !word_late -> cell = FULL; cell_late = false }
#endif
  od
}

proctype reader() {
  bool mine;
  do
  :: cell == FULL ->
     DIES;
     mine = false;
     atomic { if :: cell == FULL -> cell = FREE; mine = true :: else fi };
     if :: !mine -> goto gone :: else fi;
     DIES;
     atomic { assert(word == IN_RING); word = READERS };
     got = true;
     break
  :: cell != FULL ->
     DIES;
     sleeper = true;
     if
     :: cell != FULL -> (woken || dead)
     :: cell == FULL
     fi;
     woken = false;
     sleeper = false
  od;
gone:
  skip
}

proctype sweep() {
  byte seen;
end:
  dead;
#ifdef FAULT_LOANS_BEFORE_CLOSE
  seen = word;
#endif
  open = false;
  atomic {
    if
    :: cell == FULL -> cell = FREE
    :: else
    fi
  };
#ifndef FAULT_LOANS_BEFORE_CLOSE
  seen = word;
#endif
  if
  :: seen == IN_RING || seen == READERS ->
     atomic {
       if
       :: word == seen -> word = FREE
       :: else
       fi
     }
  :: else
  fi
}

proctype judge() {
  timeout;
  assert(ended && !word_late && !cell_late);
  assert(dead || (got && word == READERS));
  assert(!dead || word == FREE || (word == SENDERS && kept));
  assert(!kept || word == SENDERS)
}

init {
  atomic {
    run sender(); run core(); run reader(); run sweep(); run judge()
  }
}
