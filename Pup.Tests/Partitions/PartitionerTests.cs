using Pup.Grains.Partitions;

namespace Pup.Tests.Partitions;

public sealed class PartitionerTests
{
    [Theory]
    [InlineData("hello", 0x4f9f2cabu)]
    [InlineData("", 0x811c9dc5u)]
    public void The_hash_is_pupsourcings_own(string key, uint expected) => Assert.Equal(expected, Partitioner.Hash(key));

    [Fact]
    public void The_hash_is_taken_over_utf8_whatever_the_length()
    {
        var key = string.Concat(Enumerable.Repeat("straße-🐶-", 100));

        Assert.Equal(Partitioner.Hash(System.Text.Encoding.UTF8.GetBytes(key)), Partitioner.Hash(key));
    }

    [Fact]
    public void The_hash_is_unsigned_when_it_is_cut_to_a_partition()
    {
        // 0x811c9dc5 is negative as a signed number, and a signed remainder would be negative too.
        Assert.Equal((int)(0x811c9dc5u % 7), Partitioner.PartitionOf(0x811c9dc5, 7));
    }
}
