/* taglib FILE: what tags a file has, by TagLib.  The first line says "BUG N":
 * which bug is planted in the Nth call to the stream. */
#include <cstdio>
#include <cstdlib>
#include <fileref.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <tag.h>
#include <tbytevectorstream.h>
#include <tpropertymap.h>

#include "plant.h"

namespace {

std::string bug;
int when, events;
volatile int seen;

template <typename F> auto
counted(F f)
{
	auto v = f();

	if (++events == when) {
		seen = seen + plant(bug.c_str());
		seen = seen + plant_cxx(bug.c_str());
	}
	return v;
}

class stream : public TagLib::ByteVectorStream {
public:
	using ByteVectorStream::ByteVectorStream;
	TagLib::ByteVector
	readBlock(unsigned long n) override
	{
		return counted([&] { return ByteVectorStream::readBlock(n); });
	}
	long
	length() override
	{
		return counted([this] { return ByteVectorStream::length(); });
	}
	void
	seek(long to, Position p = Beginning) override
	{
		ByteVectorStream::seek(to, p);
		counted([] { return 0; });
	}
	long
	tell() const override
	{
		return counted([this] { return ByteVectorStream::tell(); });
	}
};

}

int
main(int argc, char **argv)
{
	if (argc < 2)
		return 64;
	std::ifstream in(argv[1], std::ios::binary);
	std::string line, data;
	if (!std::getline(in, line))
		return 65;
	std::istringstream(line) >> bug >> when;
	data.assign(std::istreambuf_iterator<char>(in), {});
	stream s(TagLib::ByteVector(data.data(), (unsigned)data.size()));
	TagLib::FileRef file(&s);
	if (file.isNull())
		return 1;
	for (auto &item : file.file()->properties())
		seen = seen + item.first.size();
	return seen == 77;
}
