using Pup.Silo.EmbeddedPostgres;

namespace Pup.Tests.Silo.EmbeddedPostgres;

public sealed class PostmasterFileTests
{
    [Fact]
    public void The_file_of_a_running_server_is_read() => Assert.Equal(
        new PostmasterFile(4711, "/data dir", "/run/x", "ready"),
        PostmasterFile.Parse("4711\n/data dir\n1700000000\n5432\n/run/x\n\n  5376  32\nready   \n"));

    [Theory]
    [InlineData("")]
    [InlineData("4711")]
    [InlineData("x\n/data\n")]
    [InlineData("-4711\n/data\n")]
    [InlineData("1\n/data\n")]
    [InlineData("99999999999\n/data\n")]
    public void A_file_that_names_no_process_is_as_good_as_none(string text) => Assert.Null(PostmasterFile.Parse(text));

    [Fact]
    public void A_file_that_is_still_being_written_is_not_ready() => Assert.False(PostmasterFile.Parse("4711\n/data\n")!.IsReady);

    [Theory]
    [InlineData("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15)]
    [InlineData("postgres (PostgreSQL) 18beta1", 18)]
    [InlineData("postgres (PostgreSQL) 9.6.24", 9)]
    [InlineData("something else", null)]
    public void The_major_version_is_read(string text, int? major) => Assert.Equal(major, PostgresBinaries.MajorOf(text));

    [Fact]
    public void A_socket_path_that_would_be_cut_off_is_not_used()
    {
        Assert.True(ServerPlace.FitsSocket("/" + new string('a', 92)));
        Assert.False(ServerPlace.FitsSocket("/" + new string('a', 93)));
        Assert.False(ServerPlace.FitsSocket("/" + new string('ä', 47)));
    }
}
