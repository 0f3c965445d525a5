/* The other half of odr-violation: crash.c has it with 8 bytes. */
char global[16] = "other";
