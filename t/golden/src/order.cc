// initialization-order-fiasco, with -DOTHER for the second file.
#ifdef OTHER
#include <cstdlib>
extern int later;
int sooner = later + 1;
int
main()
{
	return sooner == 0;
}
#else
int
early()
{
	return 3;
}
int later = early();
#endif
