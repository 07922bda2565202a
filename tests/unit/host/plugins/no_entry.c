/* A library that is no plugin. */
int no_entry_at_all(void);
int no_entry_at_all(void) { return 1; }
