using CsCheck;
using Pup.Grains.Checkpoints;
using Pup.Grains.Partitions;

namespace Pup.Tests.Partitions;

public sealed class AppliedVectorsTests
{
    private static readonly AppliedVectors s_two = AppliedVectors.Of([new AppliedVector([10, 30]), new AppliedVector([5, 20, 7])]);

    [Theory]
    [InlineData(4u, 10, true)]
    [InlineData(4u, 11, true)]
    [InlineData(4u, 21, false)]
    [InlineData(3u, 30, true)]
    [InlineData(3u, 31, false)]
    [InlineData(2u, 10, true)]
    [InlineData(2u, 11, false)]
    public void An_event_is_applied_if_any_vector_says_so_for_its_hash(uint hash, long position, bool applied) =>
        Assert.Equal(applied, s_two.Covers(hash, position));

    [Fact]
    public void A_vector_is_dropped_at_its_maximum_and_not_before()
    {
        Assert.Equal(2, s_two.Beyond(19).All.Count);
        Assert.Equal([new AppliedVector([10, 30])], s_two.Beyond(20).All);
        Assert.Single(s_two.Beyond(29).All);
        Assert.True(s_two.Beyond(30).IsEmpty);
    }

    [Fact]
    public void Every_new_partition_starts_at_the_least_position_and_knows_what_any_old_one_knew()
    {
        var inherited = new AppliedVector([100, 40]);

        var start = Repartitioning.Start([Row("o_p0", 50, new AppliedColumn(50, AppliedVectors.Of([inherited]))), Row("o_p1", 120), Row("o_p2", 60)]);

        Assert.Equal(50, start.Position);
        Assert.Equal([inherited, new AppliedVector([50, 120, 60])], start.Vectors.All);
    }

    [Fact]
    public void The_same_vector_is_carried_once()
    {
        var column = new AppliedColumn(10, AppliedVectors.Of([new AppliedVector([10, 30])]));

        Assert.Equal(2, Repartitioning.Start([Row("o_p0", 10, column), Row("o_p1", 12, column)]).Vectors.All.Count);
    }

    [Fact]
    public void Partitions_that_all_stand_at_one_position_leave_nothing_to_remember()
    {
        Assert.True(Repartitioning.Start([Row("o_p0", 70), Row("o_p1", 70)]).Vectors.IsEmpty);
        Assert.True(Repartitioning.Start([Row("o", 70)]).Vectors.IsEmpty);
    }

    [Fact]
    public void A_missing_row_stands_at_the_beginning()
    {
        var start = Repartitioning.Start([Row("o_p0", 70), Row("o_p1", null)]);

        Assert.Equal(0, start.Position);
        Assert.Equal([new AppliedVector([70, 0])], start.Vectors.All);
    }

    [Fact]
    public void A_row_below_its_copy_was_moved_back_and_that_matters_while_any_row_carries_a_vector()
    {
        var done = new AppliedColumn(90, AppliedVectors.None);
        var working = new AppliedColumn(20, AppliedVectors.Of([new AppliedVector([10, 30])]));

        Assert.Null(Repartitioning.MovedBack([Row("o_p0", 80, done), Row("o_p1", 20, done)]));
        Assert.Null(Repartitioning.MovedBack([Row("o_p0", 95, done), Row("o_p1", 20, working)]));
        Assert.Equal("o_p0", Repartitioning.MovedBack([Row("o_p0", 80, done), Row("o_p1", 20, working)])?.Name);
        Assert.Equal("o_p1", Repartitioning.MovedBack([Row("o_p0", 90, done), Row("o_p1", 19, working)])?.Name);
        Assert.Equal("o_p0", Repartitioning.MovedBack([Row("o_p0", null), Row("o_p1", 20, working)])?.Name);
        Assert.Equal("o_p0", Repartitioning.MovedBack([Row("o_p0", 90), Row("o_p1", 20, working)])?.Name);
    }

    [Fact]
    public void The_column_is_compact_and_read_back_as_written()
    {
        var column = new AppliedColumn(7, s_two);

        Assert.Equal("""{"position":7,"vectors":[[10,30],[5,20,7]]}""", column.ToJson());
        Assert.Equal("""{"position":30}""", column.At(30).ToJson());
        Assert.Null(AppliedColumn.Parse(null));
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue].List[1, 5].List[0, 4]).Sample((position, vectors) =>
        {
            var written = new AppliedColumn(position, AppliedVectors.Of(vectors.Select(static positions => new AppliedVector(positions))));
            var read = AppliedColumn.Parse(written.ToJson())!;
            Assert.Equal(position, read.Position);
            Assert.Equal(written.Vectors.All, read.Vectors.All);
        });
    }

    private static PartitionRow Row(string name, long? position, AppliedColumn? applied = null) => new(name, position, applied);
}
