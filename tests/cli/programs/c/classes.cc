// C++: objects by new, by containers, in functions that are inlined, and names that have to be made readable.
#include <cstdio>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace shop {

struct alignas(64) Wide {
	char bytes[192];
};

class Basket {
public:
	// 300 of 24 bytes; always inlined into whoever calls.
	__attribute__((always_inline)) inline void add_one() { items.push_back(new long[3]); }
	~Basket()
	{
		for (long *item : items)
			delete[] item;
	}

private:
	std::vector<long *> items;
};

template <typename Type> __attribute__((noinline)) void make(int count)
{
	for (int i = 0; i < count; i++) {
		Type *made = new Type();
		__asm__ volatile("" : : "r"(made) : "memory");
		delete made;
	}
}

__attribute__((noinline)) void fill(Basket &basket)
{
	for (int i = 0; i < 300; i++)
		basket.add_one();
}

__attribute__((noinline)) int too_much()
{
	try {
		volatile size_t size = static_cast<size_t>(-1) / 4;
		char *made = new char[size];
		__asm__ volatile("" : : "r"(made) : "memory");
		delete[] made;
	} catch (const std::bad_alloc &) {
		return 1;
	}
	return 0;
}

} // namespace shop

int main()
{
	{
		shop::Basket basket;
		shop::fill(basket);
	}
	shop::make<int>(400);
	shop::make<shop::Wide>(50);
	int *none = new (std::nothrow) int[5];
	delete[] none;
	std::printf("caught %d\n", shop::too_much());
	return 0;
}
