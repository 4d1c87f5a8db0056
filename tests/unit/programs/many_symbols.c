/*
 * What test_elf_symbols and test_elf_image look up: functions of one address, one within another, one without a size,
 * and pointers that the loader has to relocate.
 */
#include <stdio.h>

long counter = 7;
int empty[5000];

int twice(int n)
{
	return 2 * n;
}

int again(int n) __attribute__((alias("twice")));

static int hidden(int n)
{
	return n + (int)counter;
}

int (*table[])(int) = {twice, hidden, again};

__asm__(".globl outer\n.type outer, @function\nouter: nop\nnop\n"
	".globl inner\n.type inner, @function\ninner: nop\nnop\n.size inner, 2\n"
	"nop\n.size outer, 5\n"
	".globl sizeless\n.type sizeless, @function\nsizeless: nop\nnop\n");

int main(void)
{
	return printf("%d\n", table[counter & 1](empty[3])) < 0;
}
