using Npgsql;
using Pup.Client.Operations;
using Pup.Grains.Schema;
using Pup.Silo.Hosting;

namespace Pup.Silo.Commands;

/// <summary>What ended a command, as a line and an exit code.</summary>
internal sealed record Failure(string Message, int ExitCode)
{
    /// <returns>Null for what nobody foresaw: that wants its stack trace.</returns>
    public static Failure? Of(Exception exception) => exception switch
    {
        StartupException e => new(e.Message, e.ExitCode),
        SchemaException => new(exception.Message, ExitCodes.Failed),
        NpgsqlException e => new(DatabaseCheck.Explain(e), ExitCodes.Failed),
        ProjectionNotFoundException => new(exception.Message, ExitCodes.NotFound),
        ProjectionRefusedException => new(exception.Message, ExitCodes.Refused),
        ClusterUnavailableException or HttpRequestException => new(exception.Message, ExitCodes.Failed),
        UnauthorizedAccessException => new($"{exception.Message} Give a key that suffices: --key, or PUP_KEY.", ExitCodes.NotAllowed),
        ArgumentException => new(exception.Message.ReplaceLineEndings(" "), ExitCodes.WrongUse),
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } => new(exception.Message, ExitCodes.Failed),
        OperationCanceledException => new("interrupted", ExitCodes.Interrupted),
        _ => null,
    };
}
