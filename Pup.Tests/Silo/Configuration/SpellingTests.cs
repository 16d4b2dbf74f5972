using Pup.Silo.Configuration;

namespace Pup.Tests.Silo.Configuration;

public sealed class SpellingTests
{
    [Theory]
    [InlineData("statsu", " Did you mean 'status'?")]
    [InlineData("STATUS", " Did you mean 'status'?")]
    [InlineData("lst", " Did you mean 'list'?")]
    [InlineData("rebuilt", " Did you mean 'rebuild'?")]
    [InlineData("deadletters", " Did you mean 'dead-letters'?")]
    [InlineData("log", " Did you mean 'lag'?")]
    [InlineData("frobnicate", "")]
    [InlineData("x", "")]
    [InlineData("", "")]
    public void What_is_nearly_a_known_word_is_suggested_and_nothing_else(string word, string suggestion) =>
        Assert.Equal(suggestion, Spelling.Suggest(word, ["list", "lag", "status", "rebuild", "cancel-rebuild", "dead-letters"]));
}
