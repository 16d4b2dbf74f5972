using System.CommandLine;
using Pup.Client.Operations;

namespace Pup.Silo.Commands.Operations;

/// <summary>Which dead letters are meant.</summary>
internal sealed class DeadLetterOptions
{
    public Option<string> Key { get; } = new("--ordering-key") { Description = "Those of this ordering key." };

    public Option<string> Error { get; } = new("--error") { Description = "Those whose error contains this text." };

    public DeadLetterFilter Read(ParseResult parsed) => new() { OrderingKey = parsed.GetValue(Key), Error = parsed.GetValue(Error) };
}
