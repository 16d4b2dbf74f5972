using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Pup.Silo.Demo.Reporting;
using Pup.Silo.Hosting;

namespace Pup.Silo.Demo;

/// <summary>A page on loopback that shows where the projections are, and the same as JSON.</summary>
internal static class StatusPage
{
    /// <summary>Makes the host listen, and gives the page's address.</summary>
    public static string Listen(WebApplicationBuilder builder)
    {
        var port = SiloPorts.Pick(SiloPorts.Http);
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port));
        return string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
    }

    public static void Map(WebApplication app, ProjectionProgress progress)
    {
        app.MapGet("/", async (CancellationToken cancellationToken) =>
            Results.Content(Page(await progress.RowsAsync(cancellationToken)), "text/html; charset=utf-8"));
        app.MapGet("/status", async (CancellationToken cancellationToken) => Results.Json(await progress.RowsAsync(cancellationToken)));
    }

    private static string Page(IReadOnlyList<ProjectionRow> rows)
    {
        var html = new StringBuilder("""
            <!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Pup</title>
            <style>body{font:16px system-ui;margin:3em;max-width:60em}td,th{padding:.3em 1.2em .3em 0;text-align:left}td.n{text-align:right}</style>
            <h1>Pup</h1><table><tr><th>projection<th>state<th>partitions<th>position<th>lag<th>trouble
            """);
        foreach (var row in rows)
        {
            html.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td>{row.Name}<td>{row.State}<td class=n>{row.Partitions}<td class=n>{row.Position:N0}<td class=n>{row.Lag:N0}<td>{WebUtility.HtmlEncode(row.Trouble)}");
        }

        return html.Append("</table><p><a href=\"/status\">as JSON</a></html>").ToString();
    }
}
