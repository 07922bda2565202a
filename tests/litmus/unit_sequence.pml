/* tests/litmus/unit_sequence.pml: optimistic readers, see memory/optimistic.hpp
 * and transaction::touch.
 *
 * A parent unit (sequence p) leads to a node, whose unit is (n, a, b). A writer
 * changes a and b together, then links another node, frees this one, and
 * another lane takes it and fills it. A reader copies a and b between looks at
 * the sequences. Stores may arrive in any order (out[]) unless a fence stands
 * between them; so may the reader's loads.
 *
 * Holds: what a reader accepts is a committed state of the node, never half of
 * one and never bytes of the block's next owner. */
#define P 0
#define LINK 1
#define N 2
#define A 3
#define B 4
#define WORD 5 /* of the node's block: 0 live, 1 free, 2 another's */

byte memory[6];
bool out[6];    /* the store of value[] is on its way */
byte value[6];

#define store(at, what) atomic { !out[at] -> value[at] = what; out[at] = true }
/* Everything before is there before anything behind. */
#define fence !out[0] && !out[1] && !out[2] && !out[3] && !out[4] && !out[5]

proctype arrive(byte at) {
end:
  do
  :: atomic { out[at] -> memory[at] = value[at]; out[at] = false }
  od
}

proctype writer() {
  /* one change of the node */
  store(N, 1);
#ifndef FAULT_NO_ODD_FENCE
  fence;                                /* [unit-odd] */
#endif
  store(A, 7);
  store(B, 7);
#ifndef FAULT_NO_EVEN_RELEASE
  fence;                                /* [unit-even] */
#endif
  store(N, 2);
  fence;                                /* the lock is released, and taken */
  /* another node in its place; this one is given back */
#ifndef FAULT_PARENT_STANDS_STILL
  store(P, 1);
#endif
  fence;
  store(LINK, 1);
#ifdef FAULT_FREED_BEFORE_ODD_ARRIVES
  skip
#else
  fence;
#endif
#ifndef FAULT_PARENT_STANDS_STILL
  store(P, 2);
#endif
  fence;
  store(WORD, 1)                        /* [free-block] */
}

/* Fills the block with anything, also with what looks like the old unit. */
proctype next_owner() {
  atomic { memory[WORD] == 1 -> memory[WORD] = 2 }
  fence;                                /* [take] */
  store(A, 9);
  store(B, 3);
  store(N, 2)
}

/* One look. Loads of a and b come in any order. */
proctype reader() {
  byte p, n, a, b, p2, n2;
  bool behind_first = false;
  p = memory[P];                        /* acquire */
  if :: (p & 1) -> goto done :: else fi;
  if :: memory[LINK] != 0 -> goto done :: else fi;
  n = memory[N];                        /* acquire */
  if :: (n & 1) -> goto done :: else fi;
#ifdef FAULT_NO_ACQUIRE_FENCE
  /* The second looks may come before the copies. */
  if
  :: n2 = memory[N]; p2 = memory[P]; behind_first = true
  :: skip
  fi;
#endif
  if
  :: a = memory[A]; b = memory[B]
  :: b = memory[B]; a = memory[A]
  fi;
  if
  :: !behind_first -> n2 = memory[N]; p2 = memory[P]  /* deepest first */
  :: else
  fi;
  if
  :: n == n2 && p == p2 ->
     assert(a == b);                    /* not half */
     assert(a == 0 || a == 7)           /* not another's */
  :: else
  fi;
done:
  skip
}

init {
  atomic {
    run arrive(0); run arrive(1); run arrive(2);
    run arrive(3); run arrive(4); run arrive(5);
    run writer(); run next_owner(); run reader()
  }
}
