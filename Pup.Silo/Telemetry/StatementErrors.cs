using System.Diagnostics;

namespace Pup.Silo.Telemetry;

/// <summary>
/// Keeps what the database says of a failed statement out of its span: that quotes values, for example a payload that is no JSON. Type and SQLSTATE
/// remain.
/// </summary>
internal sealed class StatementErrors : IDisposable
{
    private const string Withheld = "not shown: it may quote data";

    private readonly ActivityListener _listener = new()
    {
        ShouldListenTo = static source => source.Name == StatementSpans.SourceName,
        ExceptionRecorder = static (Activity _, Exception _, ref TagList tags) =>
        {
            tags.Add("exception.message", Withheld);
            tags.Add("exception.stacktrace", Withheld);
        },
    };

    private int _listens;

    public void Listen()
    {
        if (Interlocked.Exchange(ref _listens, 1) == 0)
            ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();
}
