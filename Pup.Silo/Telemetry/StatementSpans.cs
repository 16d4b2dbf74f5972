using System.Diagnostics;
using OpenTelemetry;

namespace Pup.Silo.Telemetry;

/// <summary>
/// Npgsql's spans as they may be shown: below the span of whoever ran the statement, with neither its text nor the connection string, which
/// is what a source of connections is called that has no name. Those that belong to nothing, such as what the cluster asks of its tables every few seconds,
/// are not sent.
/// </summary>
internal sealed class StatementSpans : BaseProcessor<Activity>
{
    public const string SourceName = "Npgsql";

    public override void OnEnd(Activity data)
    {
        if (data.Source.Name != SourceName)
            return;
        data.SetTag("db.query.text", null).SetTag("db.npgsql.data_source", null);
        if (data.Status == ActivityStatusCode.Error)
            data.SetStatus(ActivityStatusCode.Error, data.GetTagItem("error.type") as string);
        if (data.ParentSpanId == default)
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
    }
}
