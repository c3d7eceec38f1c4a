/* Keeps the entry point in the program: libFuzzer, which calls it, is linked after it. */
extern int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size);

int (*const fuzz_entry)(const unsigned char *, unsigned long) = LLVMFuzzerTestOneInput;
