namespace Pup.Tests.Docs.Samples;

internal static class DocumentIndexSamples
{
    #region document-index
    public const string IndexSql = """
        create index if not exists customers_by_content on customers_documents using gin (document jsonb_path_ops)
        """;
    #endregion
}
